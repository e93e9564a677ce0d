"""An event: one thing that happened, with the envelope that says when, who took it down and on what evidence."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate
from msgspec.structs import replace
from pydantic import Field, TypeAdapter

from domain.fact import Fact
from domain.moment import Moment
from domain.names import SourceKey
from domain.restriction import Restriction
from domain.text import Line, Prose, Quotation

DataSubject = Annotated[
    Line,
    Field(
        description="the person, or the confidence, with whose key the facts are encrypted, so that they can be erased"
    ),
]


class Evidence(Fact, frozen=True):
    """Where it says so: a registered source, the place in it, and the words."""

    source: SourceKey
    locator: Line | None = None
    quotation: Quotation | None = None


class Envelope(Fact, kw_only=True, frozen=True):
    """What every record carries beside its facts.

    `occurred`, `effective` and `published` are told; `recorded` is the server's. `command` is the
    request that brought the record, `correlation` joins what belongs to one piece of work, and
    `causation` names the record that this one follows from. `restriction` says for whom alone it is, as that
    was told first. Where a `data_subject` is told, what the record holds can be erased. `corrections` and `doubts`
    are never stored: a replay puts them in, for a record that is shown as corrected, or that would be refused by now.
    """

    SEARCHED: ClassVar[tuple[str, ...]] = ()
    id: UUID
    negotiation: str
    key: str
    stream: UUID
    version: int
    occurred: Moment
    effective: Moment | None = None
    published: Moment | None = None
    recorded: datetime
    recorded_by: str
    evidence: tuple[Evidence, ...] = ()
    reason: Prose | None = None
    command: UUID
    causation: UUID | None = None
    correlation: UUID
    restriction: Restriction | None = None
    data_subject: DataSubject | None = None
    corrections: tuple[UUID, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def takes_effect(self) -> str:
        """From when the record changes what it changes."""
        return self.effective or self.occurred


class Derived:
    """Marks a field that no command tells: the decision fills it in from the state."""


class DomainEvent(Fact, CanMutateAggregate[UUID], frozen=True, gc=True):
    """One record's facts. A subclass adds its own, judges itself, and changes its aggregate."""

    TOPIC: ClassVar[str]
    VERSION: ClassVar[int] = 1
    """Of the stored form; what an older one becomes is told in `infrastructure/upcasting.py`."""
    BEGINS: ClassVar[bool] = False
    """Whether this event can be the first about its aggregate."""
    FIXED: ClassVar[frozenset[str]] = frozenset()
    """The facts that no correction changes, because records of other streams rest on them."""

    envelope: Envelope

    @property
    def originator_id(self) -> UUID:  # type: ignore[override]
        return self.envelope.stream

    @property
    def originator_version(self) -> int:  # type: ignore[override]
        return self.envelope.version

    @property
    def timestamp(self) -> datetime:  # type: ignore[override]
        return self.envelope.recorded

    def decide(self, past: Any, known: Any) -> Self:
        """Judge the event: `past` is its aggregate as it stood when the event occurred, `known` as it stands now.

        Returns the event to record, with its derived facts; raises `Refused` for what cannot be.
        """
        return self

    def gather(self, named: Callable[[str, str], Any]) -> Self:
        """Fill in what only other aggregates know: `named` gives the one of a kind and a key, as known now."""
        return self

    def change(self, state: Any) -> None:
        """Change the aggregate's state. Never raises: this runs at every replay."""

    def apply(self, aggregate: Any) -> None:
        """The library's hook: called by `mutate`, after it has checked the stream and the version."""
        aggregate.take(self)


class First(DomainEvent, frozen=True):
    """One that only begins its aggregate: refused where the name is taken, at whatever time."""

    BEGINS: ClassVar[bool] = True

    def decide(self, past: Any, known: Any) -> Self:
        known.refuse_if_known()
        return self


def with_version(event: DomainEvent, version: int) -> DomainEvent:
    """The event as it stands in a stream of which some records are not seen."""
    return replace(event, envelope=replace(event.envelope, version=version))


@cache
def validator(event: type[DomainEvent]) -> TypeAdapter[Any]:
    """What holds an event of a type to every constraint that one which is told has to keep."""
    return TypeAdapter(event)
