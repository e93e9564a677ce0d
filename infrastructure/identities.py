"""The identities as they were read last: in memory, so that no request waits for the store to know who asks.

What another process changed counts here within a quarter of a second, and what this one changed at once.
"""

import math
import time
from collections.abc import Mapping
from datetime import datetime
from threading import Event, RLock, Thread
from typing import NamedTuple

import structlog

from application.access import Identity
from application.credentials import Known
from infrastructure.access import AccessStore
from infrastructure.database import StoreLost

POLL_SECONDS = 0.25
TRUSTED_SECONDS = 10.0
"""How long what was read last counts where the store does not answer: a key may have been revoked since."""

_log = structlog.get_logger()


class Held(NamedTuple):
    """One who is known, made ready for being looked up."""

    known: Known
    identity: Identity
    until: datetime | None


class Identities:
    """All who are known; a thread sees to it that they are read again when they have changed."""

    def __init__(self, store: AccessStore) -> None:
        """Raises `StoreRefused` where they cannot be read."""
        self.store = store
        self._held: Mapping[str, Held] = {}
        self._version = -1
        self._lock = RLock()
        self._read = -math.inf
        self._stopping = Event()
        self.refresh()
        store.changed = self.refresh
        self._thread = Thread(target=self._keep, name="identities", daemon=True)
        self._thread.start()

    @property
    def any(self) -> bool:
        """Whether somebody is or was known."""
        return bool(self._current())

    def find(self, name: str) -> Held | None:
        """Who has a name. Raises `StoreLost` where that was not seen to for too long."""
        return self._current().get(name)

    def refresh(self) -> None:
        """Read what has changed."""
        with self._lock:
            begun = time.monotonic()
            version = self.store.version()
            if version != self._version:
                self._held = {known.name: Held(known, known.identity, known.until) for known in self.store.all()}
                self._version = version
            self._read = begun

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _current(self) -> Mapping[str, Held]:
        if time.monotonic() - self._read > TRUSTED_SECONDS:
            raise StoreLost("the identities cannot be read")
        return self._held

    def _keep(self) -> None:
        silent = False
        while not self._stopping.wait(POLL_SECONDS):
            try:
                self.refresh()
                silent = False
            except Exception as error:
                if not silent:
                    _log.warning("the identities cannot be read", error=str(error))
                silent = True
