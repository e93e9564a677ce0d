"""Keeping the views live: a thread that folds what is recorded, as long as no other process does."""

import math
import time
from threading import Event, Thread

import structlog

from infrastructure.database import News, StoreFull, StoreLost, StoreRefused
from infrastructure.projector import Projector, Superseded
from infrastructure.troubles import Troubles

POLL_SECONDS = 1.0
LEFT_SECONDS = 5.0
"""How long what is left may take at the end; the next start goes on from there."""

_log = structlog.get_logger()


class ProjectorThread(Thread):
    """Keeps the views live: folds when there is news, and at least once a second, as long as no other process does."""

    def __init__(self, projector: Projector, news: News) -> None:
        super().__init__(name="projector", daemon=True)
        self._projector = projector
        self._news = news
        self._stopping = Event()
        self._until = math.inf
        self._troubles = Troubles()
        self.up_to_date = Event()
        """Set once all was folded that was there at the start."""

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._keep_live()
                return
            except Exception as error:
                self._say(error)
            self._stopping.wait(POLL_SECONDS)

    def _enough(self) -> bool:
        return time.monotonic() > self._until

    def _say(self, error: Exception) -> None:
        if not self._troubles.is_to_be_said(error):
            return
        if isinstance(error, StoreLost | StoreFull | StoreRefused):
            _log.warning(
                "the views cannot be kept live, and are tried again", reason=type(error).__name__, error=str(error)
            )
        else:
            _log.error("projection failed, and is tried again", exc_info=error)

    def _keep_live(self) -> None:
        while not self._projector.leads():
            if self._stopping.wait(POLL_SECONDS):
                return
        if not self._projector.is_current():
            for _ in self._projector.rebuild():
                if self._stopping.is_set():
                    return
        try:
            while not self._stopping.is_set():
                self._projector.catch_up(self._enough)
                self.up_to_date.set()
                self._news.wait(POLL_SECONDS)
            self._projector.catch_up(self._enough)
        except Superseded:
            _log.warning("another version of Parley keeps the views from now on")

    def stop(self) -> None:
        """Fold what is left, as far as there is time, and end."""
        self._until = time.monotonic() + LEFT_SECONDS
        self._stopping.set()
        self._news.end()
        self.join()
        self._projector.close()
        self._news.close()
