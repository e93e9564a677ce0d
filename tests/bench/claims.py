"""The records and questions that the clients send: claims with evidence and a quotation, about many negotiations.

Parley and the peers beside it take the same bytes.
"""

import json
import os
import random
from datetime import date, timedelta
from typing import NamedTuple

from course import DAYS, ISSUES, PARTIES, SOURCES

NEGOTIATIONS = int(os.environ.get("BENCH_NEGOTIATIONS", "200"))
"""How many the clients write to, and how many they read."""
_BODY = json.dumps(
    {
        "negotiation": "talks-%d",
        "claim": "%s",
        "kind": "position",
        "claimant": "p%d",
        "subject": "issue/i%d",
        "value": {"type": "share", "percent": "%d"},
        "speaker": "The head of the delegation",
        "occurred": "2025-06-01",
        "published": "2025-06-02",
        "evidence": [
            {
                "source": "s%d",
                "locator": "page 7, third paragraph",
                "quotation": "We have said from the first day that the proceeds follow what each side pays in and what"
                " it risks, and there is nothing in the text of July that says anything else.",
            }
        ],
    }
).encode()
_HEAD = (
    b"POST /v1/records/make-claim HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Idempotency-Key: %s\r\nContent-Length: %d\r\n\r\n"
)


class Told(NamedTuple):
    """A claim as it is sent, and where it is to be seen."""

    key: bytes
    body: bytes
    view: str

    @property
    def request(self) -> bytes:
        return _HEAD % (self.key, len(self.body)) + self.body


class Claims:
    """Claims without end, each with a key of its own, about negotiations that are open for one run."""

    def __init__(self, run: int) -> None:
        self._first = run * NEGOTIATIONS
        self._name = f"r{run}-{random.randrange(10**9)}"
        self._chance = random.Random(run)
        self._told = 0

    def next(self) -> Told:
        below = self._chance.random
        negotiation = self._first + int(below() * NEGOTIATIONS)
        party, issue = int(below() * PARTIES), int(below() * ISSUES)
        self._told += 1
        key = f"{self._name}-{self._told}".encode()
        body = _BODY % (negotiation, key, party, issue, int(below() * 100), int(below() * SOURCES))
        view = f"/v1/negotiations/talks-{negotiation}/positions/issue/i{issue}:p{party}:position"
        return Told(key, body, view)


def question(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def days_around_the_middle(count: int = 50) -> list[str]:
    """Dates in the course of a negotiation: half of its records lie before the middle one."""
    middle = date(2024, 1, 2) + timedelta(DAYS // 2)
    return [(middle + timedelta(day)).isoformat() for day in range(-count // 2, count // 2)]
