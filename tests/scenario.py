"""Given what is on record, when something is told, then it is taken down or refused.

    given(Round, a(Round.Opened, "2025-05-23")).when(a(Round.Closed, "2025-05-24", outcome="...")).then()

What is given stands in the order in which it was recorded, and was itself admitted.
"""

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import NAMESPACE_OID, uuid5

from msgspec.structs import replace

from domain.aggregate import Aggregate, stream_id
from domain.event import DomainEvent, Envelope
from domain.refusal import Refused

NEGOTIATION = "talks"
KEY = "it"
_RECORDING_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def a(event: type[DomainEvent], occurred: str, **facts: Any) -> DomainEvent:
    """An event about nothing yet; whoever tells it puts it in its place on a stream."""
    envelope = Envelope(
        id=NAMESPACE_OID,
        negotiation=NEGOTIATION,
        key=KEY,
        stream=NAMESPACE_OID,
        version=0,
        occurred=occurred,
        recorded=_RECORDING_BEGAN,
        recorded_by="an-officer",
        command=NAMESPACE_OID,
        correlation=NAMESPACE_OID,
    )
    return event(envelope=envelope, **facts)


def placed(event: DomainEvent, aggregate: Aggregate, version: int) -> DomainEvent:
    """The event as the record of a stream with this version; the same place mints the same identifiers."""
    recorded = _RECORDING_BEGAN + timedelta(minutes=version)
    minted = uuid5(aggregate.id, str(version))
    return replace(
        event, envelope=replace(event.envelope, id=minted, stream=aggregate.id, version=version, recorded=recorded)
    )


def empty(kind: type[Aggregate]) -> Aggregate:
    return kind.of(stream_id(NEGOTIATION, kind.KIND, KEY))


def called(value: Any) -> str:
    """A short name of a case, for the report of the tests."""
    return getattr(value, "TOPIC", None) or getattr(value, "__name__", None) or str(value)


def state(aggregate: Aggregate) -> dict[str, Any]:
    """All that the aggregate holds, apart from what the library keeps for itself."""
    own = {name: copy(value) for name, value in vars(aggregate).items() if not name.startswith("_")}
    return {"id": aggregate.id, "version": aggregate.version, **own}


class Scenario:
    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate
        self.recorded: DomainEvent | None = None
        self.refusal: Refused | None = None

    def when(self, event: DomainEvent) -> Self:
        self.told = placed(event, self.aggregate, self.aggregate.version + 1)
        self.before = state(self.aggregate)
        try:
            self.recorded = self.aggregate.decide(self.told)
        except Refused as refusal:
            self.refusal = refusal
        return self

    def then(self, event: DomainEvent | None = None) -> Aggregate:
        """It is on record: as it was told, or as this event where the decision adds to it."""
        expected = placed(event, self.aggregate, self.told.originator_version) if event else self.told
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.recorded == expected
        assert self.aggregate.version == expected.originator_version
        assert expected in self.aggregate.history
        return self.aggregate

    def refused(self, rule: type[Refused], field: str) -> None:
        """It breaks this rule at this field, and nothing has changed."""
        assert type(self.refusal) is rule, f"recorded {self.recorded}, refused {self.refusal!r}"
        assert self.refusal.field == field
        assert state(self.aggregate) == self.before


def given(kind: type[Aggregate], *events: DomainEvent) -> Scenario:
    aggregate = empty(kind)
    for event in events:
        aggregate.decide(placed(event, aggregate, aggregate.version + 1))
    return Scenario(aggregate)
