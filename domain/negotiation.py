"""A negotiation: two or more parties working on a list of issues, and its life from opening to end."""

from typing import ClassVar, Self

from domain.aggregate import Aggregate
from domain.claim import Subject
from domain.event import DomainEvent, First
from domain.names import PartyKey, RoundKey
from domain.refusal import Refused
from domain.text import Line, Prose, Slug


class NegotiationAlreadyEnded(Refused):
    """The negotiation was concluded or abandoned by then; resume it first."""


class NegotiationAlreadySuspended(Refused):
    """The negotiation was suspended by then; resume it first."""


class NegotiationAlreadyOpen(Refused):
    """Only a negotiation that is suspended or has ended can be resumed."""


class StatementOfNobody(Refused):
    """A joint statement is issued by parties: name them."""


class Negotiation(Aggregate):
    """Its parties, issues and rounds are streams of their own; this one holds its life."""

    TOPIC = "Negotiation"
    KIND = "negotiation"
    ADDRESS = ("negotiation",)
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "open"

    class Opened(First, frozen=True):
        """A negotiation opens."""

        TOPIC: ClassVar[str] = "Negotiation.Opened"
        title: Line
        description: Prose | None = None

    class Suspended(DomainEvent, frozen=True):
        """The parties suspend the negotiation."""

        TOPIC: ClassVar[str] = "Negotiation.Suspended"
        until: Line | None = None

        def decide(self, past: "Negotiation", known: "Negotiation") -> Self:
            past.refuse_if_ended()
            if past.status == "suspended":
                raise NegotiationAlreadySuspended(self.envelope.negotiation, "negotiation")
            return self

        def change(self, state: "Negotiation") -> None:
            state.status = "suspended"

    class Resumed(DomainEvent, frozen=True):
        """The negotiation goes on, after a suspension or after it had ended."""

        TOPIC: ClassVar[str] = "Negotiation.Resumed"

        def decide(self, past: "Negotiation", known: "Negotiation") -> Self:
            if past.status == "open":
                raise NegotiationAlreadyOpen(self.envelope.negotiation, "negotiation")
            return self

        def change(self, state: "Negotiation") -> None:
            state.status = "open"

    class Concluded(DomainEvent, frozen=True):
        """The negotiation ends with a result."""

        TOPIC: ClassVar[str] = "Negotiation.Concluded"
        outcome: Prose

        def decide(self, past: "Negotiation", known: "Negotiation") -> Self:
            past.refuse_if_ended()
            return self

        def change(self, state: "Negotiation") -> None:
            state.status = "concluded"

    class Abandoned(DomainEvent, frozen=True):
        """The negotiation ends without a result."""

        TOPIC: ClassVar[str] = "Negotiation.Abandoned"

        def decide(self, past: "Negotiation", known: "Negotiation") -> Self:
            past.refuse_if_ended()
            return self

        def change(self, state: "Negotiation") -> None:
            state.status = "abandoned"

    class ObjectiveSet(DomainEvent, frozen=True):
        """What the negotiation, or one party to it, sets out to reach; told again under the same name, it replaces."""

        TOPIC: ClassVar[str] = "Negotiation.ObjectiveSet"
        objective: Slug
        text: Prose
        party: PartyKey | None = None

    class StatementIssued(DomainEvent, frozen=True):
        """Parties issue a joint statement, in a round or outside one."""

        TOPIC: ClassVar[str] = "Negotiation.StatementIssued"
        statement: Slug
        parties: tuple[PartyKey, ...]
        text: Prose
        round: RoundKey | None = None

        def decide(self, past: "Negotiation", known: "Negotiation") -> Self:
            if not self.parties:
                raise StatementOfNobody(self.statement, "parties")
            return self

    class Annotated(DomainEvent, frozen=True):
        """An officer's note on the negotiation, or on one thing in it."""

        TOPIC: ClassVar[str] = "Negotiation.Annotated"
        note: Prose
        about: Subject | None = None

    def refuse_if_ended(self) -> None:
        if self.status in {"concluded", "abandoned"}:
            raise NegotiationAlreadyEnded(self.history[0].envelope.negotiation, "negotiation")
