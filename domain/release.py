"""Restricting and releasing: later records that say anew for whom an earlier one is.

They stand in the stream of the record that they name, and whoever may not see that one may not see them either.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from msgspec.structs import replace
from pydantic import Field

from domain.amendment import Amendment
from domain.event import DomainEvent
from domain.moment import instant
from domain.names import SourceKey
from domain.refusal import Refused
from domain.restriction import Restriction
from domain.text import Slug


class HoldsAtOnce(Refused):
    """A restriction holds for all times as soon as it is recorded: it has no `effective`, but can end by itself, with
    `until`."""


class ForAllWhoSeeIt(Refused):
    """What restricts or releases a record is for all who may see that, and so has no `restriction` of its own."""


class NotNarrower(Refused):
    """A restriction is narrowed to some of its groups, for at least as long; what is for more is released."""


class NotRestricted(Refused):
    """Only a restricted record is released."""


class OriginatorHasNotConsented(Refused):
    """A record that somebody else gave is released by a member of that group, or with the `consent` of its originator:
    the source, on file, in which it says so."""


class ConsentNotForAll(Refused):
    """All to whom a record is released can read the source in which its originator consents."""


class Access(Amendment, frozen=True, kw_only=True):
    """Says for whom a record is."""

    RETRACTABLE: ClassVar[bool] = False

    def check(self) -> Self:
        if self.envelope.effective:
            raise HoldsAtOnce(self.envelope.effective, "effective")
        if self.envelope.restriction:
            raise ForAllWhoSeeIt(", ".join(self.envelope.restriction.groups), "restriction")
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
        if not covers(self.to, before):
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

    def refuse_without_consent(self, before: Restriction, groups: Iterable[str]) -> None:
        """Raise `OriginatorHasNotConsented`, where that is needed from one who is a member of `groups`."""
        if before.originator and before.originator not in groups and self.consent is None:
            raise OriginatorHasNotConsented(before.originator, "consent")

    def leaves(self, before: Restriction) -> Restriction | None:
        """The restriction that the record is under afterwards."""
        return replace(before, groups=tuple(sorted({*before.groups, *self.groups}))) if self.groups else None


def restrictions(events: Iterable[DomainEvent]) -> dict[UUID, Restriction]:
    """The restrictions of records as they were told last, given in the order of the log."""
    told: dict[UUID, Restriction] = {}
    tell(told, events)
    return told


def tell(told: dict[UUID, Restriction], events: Iterable[DomainEvent]) -> None:
    """Add to restrictions what the next events of the log say of them."""
    for event in events:
        if event.envelope.restriction:
            told[event.envelope.id] = event.envelope.restriction
        if isinstance(event, Restricted):
            told[event.record] = event.to
        elif (
            isinstance(event, Released) and (before := told.pop(event.record, None)) and (left := event.leaves(before))
        ):
            told[event.record] = left


def covers(one: Restriction, other: Restriction) -> bool:
    """Whether all who may see what is under one restriction may see what is under the other, also once an embargo
    lifts.
    """
    return set(one.groups) <= set(other.groups) and not _ends_before(one, other)


def either(one: Restriction, other: Restriction) -> Restriction:
    """The restriction that admits everybody whom either of two admits."""
    ends = [told.until for told in (one, other) if told.until]
    return Restriction(groups=tuple(sorted({*one.groups, *other.groups})), until=min(ends, key=instant, default=None))


def is_about_access(event: DomainEvent) -> bool:
    """Whether an event says for whom a record is."""
    return event.envelope.restriction is not None or isinstance(event, Access)


def _ends_before(one: Restriction, other: Restriction) -> bool:
    """Whether a restriction ends while another still holds."""
    return one.until is not None and (other.until is None or instant(one.until) < instant(other.until))
