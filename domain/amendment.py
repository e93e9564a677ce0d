"""Corrections and retractions: later records that name an earlier one, and say why and from when they hold.

Both stand in the stream of the record that they name, so that whoever reads the stream reads them too.
Nothing is ever edited: what stands is worked out from the records, whenever it is asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from math import isfinite
from types import NoneType
from typing import Annotated, Any, ClassVar, Self, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import replace
from pydantic import Field, ValidationError

from domain.erased import Erased
from domain.event import Derived, DomainEvent, validator
from domain.fact import marks
from domain.moment import order
from domain.refusal import Refused

ENVELOPE_FIELDS = ("occurred", "effective", "published", "evidence", "reason")
"""What a correction can change beside the facts."""

Changes = Annotated[
    dict[str, Any],
    Field(
        min_length=1,
        max_length=50,
        description="the fields of the record that change, with their new values; null leaves an optional one out",
        examples=[{"amount": {"amount": "36000000000", "currency": "USD"}}],
    ),
]


class NoReasonGiven(Refused):
    """What amends, restricts or releases a record says why: give the `reason`."""


class RecordAlreadyRetracted(Refused):
    """The record is retracted; retract that retraction first, if it was wrong."""


class CorrectsAnAmendment(Refused):
    """A correction or retraction is not corrected but retracted; then correct the record itself anew."""


class NotAFieldOfTheRecord(Refused):
    """A correction changes facts of the record, or its occurred, effective, published, evidence or reason.

    What other records rest on, such as who claims and about what, is retracted and told anew.
    """


class RecordErased(Refused):
    """What the record held was erased: nothing of it is left to correct."""


class NotANumber(Refused):
    """Numbers are whole, or decimal text: there is no NaN or Infinity."""


class NotRetracted(Refused):
    """What restricts or releases a record is not retracted: release or restrict the record anew."""


class ChangesNothing(Refused):
    """A correction changes at least one field."""


class WouldBeInvalid(Refused):
    """The record as corrected has to be one that could have been told in the first place."""


class Amendment(DomainEvent, frozen=True, kw_only=True):
    """`record` is the record that is named; `kind` says of what the stream is that both stand in.

    It holds from `effective`, or for all times where it gives none.
    """

    RETRACTABLE: ClassVar[bool] = True
    record: UUID
    kind: Annotated[str, Derived()] = ""

    def check(self) -> Self:
        if self.envelope.reason is None:
            raise NoReasonGiven(self.record, "reason")
        return self

    def holds_at(self, moment: str) -> bool:
        """Whether it counts for the state at a moment, by the order in which moments are folded."""
        effective = self.envelope.effective
        return effective is None or order(effective) <= order(moment)


class Corrected(Amendment, frozen=True, kw_only=True):
    """A record is corrected: some of its fields were taken down wrongly, or turn out to be otherwise."""

    TOPIC: ClassVar[str] = "Record.Corrected"
    changes: Changes

    def check(self) -> Self:
        for name, value in self.changes.items():
            if any(not isfinite(number) for number in _floats(value)):
                raise NotANumber(name, f"changes.{name}")
        return super().check()

    def decide(self, past: Any, known: Any) -> Self:
        """What would be refused by now as it stands is corrected all the same: it is doubted before and after."""
        changed = self.corrected(known).check()
        before = known.before(changed.originator_version)
        standing = _named(self.record, known.history)
        try:
            standing.decide(before.at(standing.envelope.occurred), before)
        except Refused:
            return self
        try:
            changed.decide(before.at(changed.envelope.occurred), before)
        except Refused as refused:
            if refused.field.partition(".")[0] in self.changes:
                refused.field = f"changes.{refused.field}"
            raise
        return self

    def corrected(self, known: Any) -> DomainEvent:
        """The record that is named, as it would stand; `known` is its aggregate. Raises `Refused`."""
        record = _named(self.record, known.records)
        if isinstance(record, Amendment):
            raise CorrectsAnAmendment(self.record, "record")
        if isinstance(record, Erased):
            raise RecordErased(self.record, "record")
        standing = next((event for event in known.history if event.envelope.id == self.record), None)
        if standing is None:
            raise RecordAlreadyRetracted(self.record, "record")
        for name in self.changes:
            if name not in _changeable(type(record)):
                changeable = ", ".join(sorted(_changeable(type(record))))
                raise NotAFieldOfTheRecord(f"{name} (what can change is {changeable})", f"changes.{name}")
        try:
            changed: DomainEvent = validator(type(record)).validate_json(
                msgspec.json.encode(_merged(standing, self.changes)), strict=True
            )
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in fault["loc"] if part != "envelope")
            raise WouldBeInvalid(f"{place}: {fault['msg']}", f"changes.{place}".rstrip(".")) from error
        if changed == standing:
            raise ChangesNothing(", ".join(self.changes), "changes")
        return changed


class Retracted(Amendment, frozen=True, kw_only=True):
    """A record is taken back, as if it had never been told. A retraction can be retracted in turn."""

    TOPIC: ClassVar[str] = "Record.Retracted"

    def decide(self, past: Any, known: Any) -> Self:
        named = _named(self.record, known.records)
        if isinstance(named, Amendment) and not named.RETRACTABLE:
            raise NotRetracted(self.record, "record")
        if self.record in _retracted(known.records, ever):
            raise RecordAlreadyRetracted(self.record, "record")
        return self


Holding = Callable[[Amendment], bool]
"""Which amendments are taken to hold."""


def always(amendment: Amendment) -> bool:
    """Whether an amendment holds at all times: what holds from a date on leaves alone what was known before."""
    return amendment.envelope.effective is None


def ever(amendment: Amendment) -> bool:
    """Every amendment holds, from whenever it does."""
    return True


def in_force(records: Sequence[DomainEvent], holds: Holding = ever) -> list[DomainEvent]:
    """The records of a stream that stand, corrected, while some amendments hold, in the order they are given.

    `records` are in the order of the log. Amendments that stand are among those returned.
    """
    retracted = _retracted(records, holds)
    standing = {record.envelope.id: record for record in records if record.envelope.id not in retracted}
    corrections: dict[UUID, list[Corrected]] = defaultdict(list)
    for record in standing.values():
        if not isinstance(record, Corrected) or not holds(record):
            continue
        if not isinstance(standing.get(record.record), Erased | NoneType):
            corrections[record.record].append(record)
    return [
        _corrected(record, corrections[named]) if named in corrections else record for named, record in standing.items()
    ]


def doubted(event: DomainEvent, reason: str) -> DomainEvent:
    """The event, with one more reason why it would be refused by now."""
    return replace(event, envelope=replace(event.envelope, doubts=(*event.envelope.doubts, reason)))


def _retracted(records: Sequence[DomainEvent], holds: Holding) -> set[UUID]:
    """What is retracted. From the last to the first: a retraction can only be undone by a later one."""
    retracted: set[UUID] = set()
    for record in reversed(records):
        if isinstance(record, Retracted) and record.envelope.id not in retracted and holds(record):
            retracted.add(record.record)
    return retracted


def _floats(value: Any) -> Iterator[float]:
    """All floating-point numbers in a JSON value."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(_floats, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_floats, value))


def _named(record: UUID, records: Sequence[DomainEvent]) -> DomainEvent:
    return next(event for event in records if event.envelope.id == record)


def _corrected(record: DomainEvent, corrections: Sequence[Corrected]) -> DomainEvent:
    changes: dict[str, Any] = {}
    for correction in corrections:
        changes |= correction.changes
    changed: DomainEvent = msgspec.convert(_merged(record, changes), type(record))
    named = tuple(correction.envelope.id for correction in corrections)
    return replace(changed, envelope=replace(changed.envelope, corrections=named))


def _merged(record: DomainEvent, changes: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(record)
    for name, value in changes.items():
        part = told["envelope"] if name in ENVELOPE_FIELDS else told
        part[name] = value
        if value is None:
            del part[name]
    return told


@cache
def _changeable(event: type[DomainEvent]) -> frozenset[str]:
    hints = get_type_hints(event, include_extras=True)
    told = {name for name, hint in hints.items() if name in event.__struct_fields__ and not is_derived(hint)} - {
        "envelope"
    }
    return frozenset(told - event.FIXED | set(ENVELOPE_FIELDS))


def is_derived(hint: Any) -> bool:
    """Whether an annotation marks a field that no command tells."""
    return bool(marks(hint, Derived))
