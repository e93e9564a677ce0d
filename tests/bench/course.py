"""Negotiations as they might go, to fill a log with."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from application.command import all_commands
from application.registrar import Submission
from infrastructure.committer import Committer, Request
from infrastructure.log import Log
from infrastructure.settings import Settings

PARTIES, ISSUES, SOURCES, TRANCHES, LENGTH, CHUNK = 4, 10, 5, 20, 1000, 250
DAYS = 500
BEGINNING = 1 + PARTIES + ISSUES + SOURCES
"""How many records every negotiation begins with."""
Told = dict[str, Any]


def ground(negotiation: str) -> Iterator[Told]:
    """What stands at the beginning of every negotiation."""
    told = {"negotiation": negotiation, "occurred": "2024-01-01"}
    yield told | {"command": "open-negotiation", "title": f"Talks {negotiation}"}
    for n in range(PARTIES):
        yield told | {"command": "add-party", "party": f"p{n}", "name": f"Party {n}", "kind": "state"}
    for n in range(ISSUES):
        yield told | {"command": "raise-issue", "issue": f"i{n}", "title": f"Issue {n}"}
    for n in range(SOURCES):
        title = f"Source {n}"
        yield told | {
            "command": "register-source",
            "source": f"s{n}",
            "title": title,
            "publisher": "P",
            "kind": "article",
        }


def claim(negotiation: str, key: str, occurred: str, chance: random.Random) -> Told:
    about = {"claimant": f"p{chance.randrange(PARTIES)}", "subject": f"issue/i{chance.randrange(ISSUES)}"}
    value = {"type": "share", "percent": str(chance.randrange(100))}
    evidence = [{"source": f"s{chance.randrange(SOURCES)}"}]
    told = {"command": "make-claim", "negotiation": negotiation, "occurred": occurred, "claim": key, "kind": "position"}
    return told | about | {"value": value, "evidence": evidence}


def course(negotiation: str, seed: int, length: int = LENGTH) -> Iterator[Told]:
    """A negotiation of some records over 500 days, in the order in which they occurred: half of them are claims."""
    chance = random.Random(seed)
    yield from (beginning := list(ground(negotiation)))
    for n in range(length - len(beginning)):
        day = (date(2024, 1, 2) + timedelta(n * DAYS // length)).isoformat()
        told: Told = {"negotiation": negotiation, "occurred": day}
        party = f"p{chance.randrange(PARTIES)}"
        match n % 10:
            case 5:
                amount = {"amount": str(chance.randrange(1, 10**6)), "currency": "USD"}
                tranche = f"x{chance.randrange(TRANCHES * length // LENGTH)}"
                yield told | {"command": "register-interest", "tranche": tranche, "amount": amount}
            case 6:
                session = {"session": f"m{n}", "form": "call", "participants": [{"party": party}]}
                yield told | {"command": "hold-session"} | session
            case 7:
                text = {"title": f"Proposal {n}", "text": "Half of it, in two parts."}
                yield told | {"command": "table-proposal", "proposal": f"r{n}", "party": party} | text
            case 8:
                source = {"source": f"t{n}", "title": f"Article {n}", "publisher": "P", "kind": "article"}
                yield told | {"command": "register-source"} | source
            case 9:
                yield told | {
                    "command": "annotate",
                    "note": f"Note {n}.",
                    "about": f"issue/i{chance.randrange(ISSUES)}",
                }
            case _:
                yield claim(negotiation, f"c{n}", day, chance)


def submissions() -> Callable[[Told], Submission]:
    """What the committer takes, from what is told to the service."""
    kinds = {name: (kind, TypeAdapter(kind.body())) for name, kind in all_commands().items()}

    def submission(told: Told) -> Submission:
        kind, adapter = kinds[told.pop("command")]
        return Submission(kind, adapter.validate_json(json.dumps(told), strict=True), "bench", UUID(int=0))

    return submission


def committer(address: str) -> Committer:
    return Committer(Log(Settings(database=address).store()), lambda: datetime.now(UTC))


def fill(address: str, records: int, length: int = LENGTH, prefix: str = "talks") -> None:
    """A log of whole negotiations of a length, told in turns, through the registrar and the committer."""
    submission, committing = submissions(), committer(address)
    courses = [course(f"{prefix}-{n}", n, length) for n in range(max(1, records // length))]
    for _ in range(0, length, CHUNK):
        for told in courses:
            (stored,) = committing.commit([Request(list(map(submission, islice(told, CHUNK))))])
            if isinstance(stored, Exception):
                raise stored


if __name__ == "__main__":
    address, records, *rest = sys.argv[1:]
    fill(address, int(records), *map(int, rest[:1]), *rest[1:])
