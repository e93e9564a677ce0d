"""Limits: how much one identity may ask for, so that none takes the service from the others."""

import math
import time
from collections.abc import Callable

from interfaces.problems import Problem

BUCKETS_MAX = 10_000


class Buckets:
    """A bucket of tokens for each name: each request takes one, and they come back at a steady rate."""

    def __init__(self, a_second: float, most: float | None = None, timer: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_second
        self._most = max(1.0, most or a_second)
        self._timer = timer
        self._held: dict[str, tuple[float, float]] = {}
        """What was left in each, and when."""

    def take(self, name: str) -> float:
        """Take one; gives the seconds to wait where there is none."""
        now = self._timer()
        left, since = self._held.get(name, (self._most, now))
        left = min(self._most, left + (now - since) * self._a_second)
        if left < 1:
            self._held[name] = left, now
            return (1 - left) / self._a_second
        if name not in self._held and len(self._held) >= BUCKETS_MAX:
            self._forget(now)
        self._held[name] = left - 1, now
        return 0.0

    def is_empty(self, name: str) -> bool:
        left, since = self._held.get(name, (self._most, 0.0))
        return left + (self._timer() - since) * self._a_second < 1

    def _forget(self, now: float) -> None:
        """Those that are full again tell nothing; where none is, the one that was made first goes."""
        full = [
            name for name, (left, since) in self._held.items() if left + (now - since) * self._a_second >= self._most
        ]
        for name in full or [next(iter(self._held))]:
            del self._held[name]


class Limits:
    """How many requests of one identity may come in a second, and be answered at once."""

    def __init__(self, a_second: float, at_once: int) -> None:
        self._buckets = Buckets(a_second)
        self._at_once = at_once
        self._running: dict[str, int] = {}

    def begin(self, name: str) -> None:
        """One more is answered. Raises a problem where there are too many."""
        running = self._running.get(name, 0)
        if running >= self._at_once:
            raise too_many(f"{name} has {running} requests under way, as many as it may.", 1.0)
        if wait := self._buckets.take(name):
            raise too_many(f"{name} has sent too many requests of late.", wait)
        self._running[name] = running + 1

    def end(self, name: str) -> None:
        running = self._running[name] - 1
        if running:
            self._running[name] = running
        else:
            del self._running[name]


def too_many(detail: str, wait: float) -> Problem:
    headers = {"Retry-After": str(math.ceil(wait))}
    return Problem(429, "too-many-requests", f"{detail} Nothing was stored; try again in a moment.", headers=headers)
