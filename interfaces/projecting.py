"""A process that keeps the views live, and the tree: `parley project`, or one beside the service, so that no request
waits for it."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from typing import NamedTuple

from infrastructure import log_tables
from infrastructure.filling import end_with_parent
from infrastructure.keeping import POLL_SECONDS, ProjectorThread
from infrastructure.memory import collect_seldom
from infrastructure.sealing import TreeThread
from infrastructure.settings import Settings
from infrastructure.tracing import tracer_of
from interfaces import logs
from interfaces.main import projector, tree
from interfaces.stopping import STOP_SECONDS, give_up_later

PATIENCE_SECONDS = 5.0
"""How long a start waits for the views, and for the process that keeps them to begin: those of a small store are up to
date with the first answer."""
SUPERSEDED = 3
"""How the process beside ends where another version of Parley keeps the views: it is not started again."""


class Keeper(NamedTuple):
    """What keeps the views, and the tree over the log."""

    views: ProjectorThread
    tree: TreeThread


def keeper(settings: Settings) -> Keeper:
    """What keeps all that is made from the log, once it is started. Raises `StoreRefused`."""
    database = settings.store()
    if database.migrates_itself:
        log_tables.TABLES.migrate(database)
    settings.signer()  # a key that cannot be used is told at once
    return Keeper(ProjectorThread(projector(settings, tracer=tracer_of()), database.news()), tree(settings))


def keep(keeper: Keeper, signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT)) -> bool:
    """Keep the views live until the process is told to end; or not told, where another version keeps them."""
    stopped = threading.Event()
    for signalled in signals:
        signal.signal(signalled, lambda *_: stopped.set())
    collect_seldom()
    keeper.views.start()
    keeper.tree.start()
    while keeper.views.is_alive() and not stopped.wait(0.5):
        pass
    give_up_later()
    keeper.views.stop()
    keeper.tree.stop()
    return stopped.is_set()


@contextmanager
def views_kept(settings: Settings) -> Iterator[None]:
    """Keeps the views live in a further process, started again where it ends, until all else has ended."""
    beside = _Beside(settings)
    try:
        beside.start()
        beside.up_to_date.wait(PATIENCE_SECONDS)
        yield
    finally:
        beside.stop()


class _Beside(threading.Thread):
    """Watches over the process."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="views", daemon=True)
        self._context = get_context("spawn")
        self.up_to_date = self._context.Event()
        self._stopping = threading.Event()
        self._settings = settings
        self._process = self._new_process()

    def start(self) -> None:
        self._process.start()
        super().start()

    def run(self) -> None:
        while not self._stopping.is_set() and self._process.exitcode != SUPERSEDED:
            self._process.join(POLL_SECONDS)
            if self._process.exitcode not in {None, SUPERSEDED} and not self._stopping.wait(POLL_SECONDS):
                self._process = self._new_process()
                self._process.start()

    def stop(self) -> None:
        """To be told again changes nothing: it ends as soon as what is left is folded."""
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, signal.SIG_IGN)
        self._stopping.set()
        if self.is_alive():
            self.join()
        if self._process.pid is not None:
            self._process.terminate()
            self._process.join(STOP_SECONDS)
            self._process.kill()

    def _new_process(self) -> SpawnProcess:
        return self._context.Process(target=_keep_beside, args=(self._settings, self.up_to_date), name="views")


def _keep_beside(settings: Settings, up_to_date: Event) -> None:
    """The further process: it ends when it is told to, or with the one that started it."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure(settings.log)
    logs.take_in_others(settings.log)
    kept = keeper(settings)
    threading.Thread(target=_pass_on, args=(kept.views.up_to_date, up_to_date), daemon=True).start()
    if not keep(kept, [signal.SIGTERM]):
        raise SystemExit(SUPERSEDED)


def _pass_on(here: threading.Event, there: Event) -> None:
    here.wait()
    there.set()
