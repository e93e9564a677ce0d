"""Keeping the tree: a thread that puts in what is recorded and seals it, as long as no other process does.

It is no part of recording, and goes slowly enough to leave the views their time. What goes wrong here stops neither.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Event, Thread
from typing import NamedTuple

import structlog

from infrastructure.database import Database, StoreFull, StoreLost, StoreRefused
from infrastructure.growing import Grower, LogChanged
from infrastructure.note import Signer
from infrastructure.proof_store import Sealed
from infrastructure.troubles import Troubles
from infrastructure.witnesses import Witnesses

POLL_SECONDS = 0.5
PAUSE_SECONDS = 0.02
"""After each batch, which takes half as long."""
LEFT_SECONDS = 5.0
"""How long what is left may take at the end; the next start goes on from there."""

_log = structlog.get_logger()


class Sealing(NamedTuple):
    """With which key checkpoints are sealed, how far apart, and who is given them. Without a key none is."""

    signer: Signer | None
    seconds: float
    witnesses: Witnesses


class TreeThread(Thread):
    """Keeps the tree growing, twice a second, and seals it from time to time and at the end."""

    def __init__(self, database: Database, sealing: Callable[[], Sealing]) -> None:
        """`sealing` is asked once the thread runs; it may raise `StoreRefused`."""
        super().__init__(name="tree", daemon=True)
        self._database = database
        self._ask = sealing
        self._stopping = Event()
        self._until = math.inf
        self._troubles = Troubles()
        self._hands = ThreadPoolExecutor(1, "witnesses")
        self._handing: tuple[Sealed, Future[bool]] | None = None

    def run(self) -> None:
        while True:
            try:
                with closing(Grower(self._database)) as grower:
                    self._keep(grower, self._ask())
                return
            except Exception as error:
                self._say(error)
            if self._stopping.wait(POLL_SECONDS):
                return

    def _keep(self, grower: Grower, sealing: Sealing) -> None:
        while not grower.leads():
            if self._stopping.wait(POLL_SECONDS):
                return
        due = time.monotonic() + sealing.seconds
        while not self._stopping.wait(POLL_SECONDS):
            grower.grow(self._pause)
            if time.monotonic() >= due:
                due = time.monotonic() + sealing.seconds
                self._seal(grower, sealing)
        grower.grow(self._pause)
        self._seal(grower, sealing)
        with suppress(TimeoutError):
            self._note_handed(grower, max(0.0, self._until - time.monotonic()))

    def _pause(self) -> bool:
        """Leave the views their time, which another thread of this process keeps; says whether any is left."""
        self._stopping.wait(PAUSE_SECONDS)
        return time.monotonic() < self._until

    def _seal(self, grower: Grower, sealing: Sealing) -> None:
        if sealing.signer is None:
            return
        grower.seal(sealing.signer)
        with suppress(TimeoutError):
            self._note_handed(grower, 0)
            last = grower.unhanded()
            if last and sealing.witnesses:
                self._handing = last, self._hands.submit(sealing.witnesses.hand, last)

    def _note_handed(self, grower: Grower, seconds: float) -> None:
        """Keep that witnesses took a checkpoint, if they did. Raises `TimeoutError` where they have not answered."""
        if self._handing:
            sealed, handed = self._handing
            if handed.result(seconds):
                grower.handed(sealed)
            self._handing = None

    def _say(self, error: Exception) -> None:
        if not self._troubles.is_to_be_said(error):
            return
        if isinstance(error, LogChanged):
            _log.error("the log was changed: nothing more is sealed; `parley verify` says where", error=str(error))
        elif isinstance(error, StoreLost | StoreFull | StoreRefused):
            _log.warning("the tree cannot be grown, and it is tried again", error=str(error))
        else:
            _log.error("the tree cannot be grown, and it is tried again", exc_info=error)

    def stop(self) -> None:
        """Put in and seal what is left, as far as there is time, and end."""
        self._until = time.monotonic() + LEFT_SECONDS
        self._stopping.set()
        if self.is_alive():
            self.join()
        self._hands.shutdown(wait=False, cancel_futures=True)
