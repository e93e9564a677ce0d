"""Restricting and releasing: later records that say anew for whom an earlier one is.

They stand in the stream of the record that they name, and whoever may not see that one may not see them either.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from msgspec.structs import replace
from pydantic import Field

from domain.amendment import Amendment
from domain.erased import Erased
from domain.event import DomainEvent
from domain.moment import instant
from domain.names import SourceKey
from domain.refusal import Refused
from domain.restriction import Restriction
from domain.text import Slug

Admits = Callable[[Restriction], bool]
"""Whether somebody may see what is under a restriction."""


class HoldsAtOnce(Refused):
    """A restriction holds for all times as soon as it is recorded: it has no `effective`, but can end by itself, with
    `until`."""


class NotNarrower(Refused):
    """A restriction is narrowed to some of its groups, for at least as long; what is for more is released."""


class NotRestricted(Refused):
    """Only a restricted record is released."""


class OriginatorHasNotConsented(Refused):
    """A record that somebody else gave is released by a member of that group, or with the `consent` of its originator:
    the source, on file, in which it says so."""


class Access(Amendment, frozen=True, kw_only=True):
    """Says for whom a record is."""

    RETRACTABLE: ClassVar[bool] = False

    def check(self) -> Self:
        if self.envelope.effective:
            raise HoldsAtOnce(self.envelope.effective, "effective")
        return super().check()

    def standing(self, known: Any) -> Restriction | None:
        """The restriction of the record that is named, as it stood before."""
        told = restrictions(known.records).get(self.record)
        return told if told and told.holds(self.envelope.recorded) else None


class Restricted(Access, frozen=True, kw_only=True):
    """A record is restricted to groups, or to some of those that it was for. Its originator stays the same."""

    TOPIC: ClassVar[str] = "Record.Restricted"
    to: Restriction

    def decide(self, past: Any, known: Any) -> Self:
        before = self.standing(known)
        if before is None:
            return self
        if not set(self.to.groups) <= set(before.groups) or _ends_before(self.to, before):
            raise NotNarrower(", ".join(self.to.groups), "to")
        return replace(self, to=replace(self.to, originator=before.originator or self.to.originator))


class Released(Access, frozen=True, kw_only=True):
    """A restricted record is released, to everybody or to more groups; with consent, where it needs that."""

    TOPIC: ClassVar[str] = "Record.Released"
    groups: Annotated[tuple[Slug, ...], Field(max_length=20, description="to whom too; without, to everybody")] = ()
    consent: Annotated[SourceKey | None, Field(description="the source in which its originator consents")] = None

    def decide(self, past: Any, known: Any) -> Self:
        if self.standing(known) is None:
            raise NotRestricted(self.record, "record")
        return self

    def refuse_without_consent(self, known: Any, groups: Iterable[str]) -> None:
        """Raise `OriginatorHasNotConsented`, where that is needed from one who is a member of `groups`."""
        before = self.standing(known)
        if before and before.originator and before.originator not in groups and self.consent is None:
            raise OriginatorHasNotConsented(before.originator, "consent")


def restrictions(events: Iterable[DomainEvent]) -> dict[UUID, Restriction]:
    """The restrictions of records as they were told last, given in the order of the log."""
    told: dict[UUID, Restriction] = {}
    for event in events:
        if event.envelope.restriction:
            told[event.envelope.id] = event.envelope.restriction
        if isinstance(event, Restricted):
            told[event.record] = event.to
        elif isinstance(event, Released) and (before := told.pop(event.record, None)) and event.groups:
            told[event.record] = replace(before, groups=tuple(sorted({*before.groups, *event.groups})))
    return told


def withheld(events: Sequence[DomainEvent], admits: Admits, now: datetime) -> set[UUID]:
    """The records of a stream that somebody may not see: those restricted to others, and what amends such records."""
    held = {name for name, told in restrictions(events).items() if told.holds(now) and not admits(told)}
    for event in events:
        if isinstance(event, Amendment | Erased) and event.record in held:
            held.add(event.envelope.id)
    return held


def covers(audience: Restriction | None, told: Restriction) -> bool:
    """Whether all those for whom one record is may see, and go on to be able to see, what is under a restriction."""
    return audience is not None and set(audience.groups) <= set(told.groups) and not _ends_before(audience, told)


def is_about_access(event: DomainEvent) -> bool:
    """Whether an event says for whom a record is."""
    return event.envelope.restriction is not None or isinstance(event, Access)


def _ends_before(one: Restriction, other: Restriction) -> bool:
    """Whether a restriction ends while another still holds."""
    return one.until is not None and (other.until is None or instant(one.until) < instant(other.until))
