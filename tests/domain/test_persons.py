"""Where events name natural persons: found by their types, at any depth, also in what a correction changes."""

from typing import Any
from uuid import NAMESPACE_OID

import pytest

from domain.agreement import Agreement
from domain.amendment import Corrected
from domain.claim import Claim
from domain.event import DomainEvent
from domain.finding import Finding
from domain.persons import named, renamed
from domain.round import Round
from domain.session import Participant, Session
from tests.scenario import a

PEOPLE = (Participant(party="north", person="Ada"), Participant(party="south"), Participant(party="south", person="Bo"))
CLAIM: dict[str, Any] = {"kind": "position", "claimant": "north", "subject": "issue/fish", "value": {}}


def correction(kind: str, **changes: Any) -> DomainEvent:
    return a(Corrected, "2025-01-03", record=NAMESPACE_OID, kind=kind, changes=changes)


@pytest.mark.parametrize(
    ("event", "persons"),
    [
        (a(Claim.Made, "2025-01-02", **CLAIM, speaker="Ada"), ["Ada"]),
        (a(Claim.Made, "2025-01-02", **CLAIM), []),
        (a(Finding.Made, "2025-01-02", prefers="a", over=("b",), policy="p", reasons="R.", analyst="Ada"), ["Ada"]),
        (a(Session.Held, "2025-01-02", form="call", participants=PEOPLE), ["Ada", "Bo"]),
        (a(Agreement.Signed, "2025-01-02", parties=("north",), by=PEOPLE), ["Ada", "Bo"]),
        (a(Round.Opened, "2025-01-02"), []),
        (correction("claim", speaker="Ada", quotation="Ada"), ["Ada"]),
        (correction("claim", speaker=None), []),
        (correction("session", participants=[{"party": "north", "person": "Ada"}, {"party": "south"}]), ["Ada"]),
        (correction("agreement", by="memorandum"), []),
        (correction("round", place="Ada"), []),
    ],
)
def test_persons_are_found_and_renamed_where_they_are_named(event: DomainEvent, persons: list[str]) -> None:
    assert named(event) == persons
    other = renamed(event, str.upper)
    assert named(other) == [name.upper() for name in persons]
    assert (other == event) is (not persons)
    back = {name.upper(): name for name in persons}
    assert renamed(other, back.__getitem__) == event
