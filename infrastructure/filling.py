"""Filling a build: negotiations folded from nothing, several at once, by as many processes as there are processors."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import datetime
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import NamedTuple

from application.amended import Amended, by_stream
from infrastructure.database import Database, StoreRefused
from infrastructure.documents import Parked
from infrastructure.folding import Folded, Postponed, from_nothing
from infrastructure.log import LogReader
from infrastructure.memory import collect_seldom
from infrastructure.public_log import PublicLog

GROUP = 2_000
"""About how many records are folded as one piece of work."""
ALONE_MAX = 20_000
"""Up to how many records no further process is started."""


class Filled(NamedTuple):
    """Some negotiations, how many records they have, and what those come to."""

    negotiations: list[str]
    length: int
    folded: Folded


def filled(database: Database, lengths: dict[str, int], until: int, asked: str) -> Iterator[Filled]:
    """Negotiations of some lengths, folded up to a position at an asked time, in groups."""
    groups = list(_grouped(lengths))
    if sum(lengths.values()) <= ALONE_MAX:
        yield from (_filled(database, group, until, asked) for group in groups)
        return
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin) as pool:
        # A few more than are worked on: what is folded waits in memory until it is stored.
        going = deque[Future[Filled]]()
        for group in groups:
            going.append(pool.submit(_filled, database, group, until, asked))
            if len(going) > workers + 1:
                yield _done(going.popleft())
        for future in going:
            yield _done(future)


def _done(future: Future[Filled]) -> Filled:
    try:
        return future.result()
    except BrokenProcessPool:
        raise StoreRefused("A process that folds was ended. Begin again: it goes on where it was.") from None


def _grouped(lengths: dict[str, int]) -> Iterable[list[str]]:
    group, size = list[str](), 0
    for negotiation, length in lengths.items():
        group.append(negotiation)
        size += length
        if size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _filled(database: Database, negotiations: list[str], until: int, asked: str) -> Filled:
    """What cannot be read is parked."""
    unreadable: dict[int, str] = {}
    whole, length = Folded([], [], []), 0
    with closing(LogReader(database, skip=unreadable.__setitem__)) as log:
        public = PublicLog(log)
        public.look(datetime.fromisoformat(asked))
        for negotiation in negotiations:
            amended = Amended(by_stream(public.amended(negotiation, until)))
            standings = list(amended.in_time(public.in_time(negotiation, until)))
            length += len(standings)
            documents, postponed, parked = from_nothing(standings, asked)
            whole.documents.extend(documents)
            whole.postponed.extend(postponed)
            lifting = public.unseen(negotiation, until).lifting
            whole.postponed.extend(Postponed(place, lifts, negotiation) for place, lifts in lifting.items())
            whole.parked.extend(parked)
            whole.parked.extend(Parked(place, "", negotiation, "", reason) for place, reason in unreadable.items())
            unreadable.clear()
    return Filled(negotiations, length, whole)


def _begin() -> None:
    end_with_parent()
    collect_seldom()


def end_with_parent() -> None:
    """Let this process end when the one that started it does, also where that is killed: it would wait for ever."""
    parent = parent_process()
    if parent:
        Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
