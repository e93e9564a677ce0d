"""An erasure: what was on record about a person, or told in confidence, can no longer be read by anybody."""

from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Aggregate
from domain.event import DomainEvent, First
from domain.refusal import Refused


class ErasedWithoutReason(Refused):
    """An erasure says why: give the `reason`."""


class NamedInReason(Refused):
    """The reason is kept for good: it is told without the name."""


class Erasure(Aggregate):
    """Of one data subject, in one negotiation. It is known by a number alone: nothing here says who it was."""

    TOPIC = "Erasure"
    KIND = "erasure"
    ADDRESS = ("erasure",)
    Event = DomainEvent

    class Made(First, frozen=True):
        """The key of a data subject was destroyed: these records cannot be read, and in those its name cannot.

        The right to erasure is in article 17 of the General Data Protection Regulation.
        """

        TOPIC: ClassVar[str] = "Erasure.Made"
        FIXED: ClassVar[frozenset[str]] = frozenset({"records", "named_in"})
        records: tuple[UUID, ...] = ()
        named_in: tuple[UUID, ...] = ()

        def check(self) -> Self:
            if self.envelope.reason is None:
                raise ErasedWithoutReason(self.envelope.key, "reason")
            return self
