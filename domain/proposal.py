"""A proposal: what one party puts on the table, and what the others answer."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.agreement import refuse_repeated
from domain.event import DomainEvent, First
from domain.names import IssueKey, PartyKey, ProposalKey, RoundKey, only
from domain.refusal import Refused
from domain.text import Line, Prose


class AnswersOwnProposal(Refused):
    """A proposal is answered by another party than the one that tabled it."""


class CounterNeedsProposal(Refused):
    """A counter names the proposal that is tabled instead; any other answer names none."""


class ProposalAlreadyWithdrawn(Refused):
    """The proposal was withdrawn by then."""


class WithdrawnBeforeItWasTabled(Refused):
    """A proposal is withdrawn after it was tabled."""


class Proposal(Aggregate):
    """Tabled once, and withdrawn at most once; each party's last answer stands."""

    TOPIC = "Proposal"
    KIND = "proposal"
    ADDRESS = ("proposal",)
    Event = DomainEvent

    def blank(self) -> None:
        self.party: str | None = None
        self.issue: str | None = None
        self.withdrawn = False

    class Tabled(First, frozen=True):
        """A party tables a proposal, in a round or outside one, to whoever answers or `to` some."""

        TOPIC: ClassVar[str] = "Proposal.Tabled"
        party: PartyKey
        title: Line
        text: Prose
        issues: tuple[IssueKey, ...] = ()
        round: RoundKey | None = None
        to: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()

        def decide(self, past: "Proposal", known: "Proposal") -> Self:
            refuse_repeated(self.to, "to", (self.party,))
            return First.decide(self, past, known)

        def change(self, state: "Proposal") -> None:
            state.party = self.party
            state.issue = only(self.issues)

    class Answered(DomainEvent, frozen=True):
        """A party accepts a proposal, whole or in part, rejects it, or counters it with one of its own; the text says
        which part.
        """

        TOPIC: ClassVar[str] = "Proposal.Answered"
        party: PartyKey
        answer: Literal["accepted", "accepted-in-part", "rejected", "countered"]
        counter: ProposalKey | None = None
        text: Prose | None = None

        def check(self) -> Self:
            if (self.answer == "countered") != (self.counter is not None):
                raise CounterNeedsProposal(self.answer, "counter")
            return self

        def decide(self, past: "Proposal", known: "Proposal") -> Self:
            if self.party == known.party:
                raise AnswersOwnProposal(self.party, "party")
            return self

    class Withdrawn(DomainEvent, frozen=True):
        """Whoever tabled the proposal takes it back, or it has lapsed: it can no longer be accepted."""

        TOPIC: ClassVar[str] = "Proposal.Withdrawn"
        note: Prose | None = None

        def decide(self, past: "Proposal", known: "Proposal") -> Self:
            if past.party is None:
                raise WithdrawnBeforeItWasTabled(self.envelope.key, "occurred")
            if past.withdrawn:
                raise ProposalAlreadyWithdrawn(self.envelope.key, "proposal")
            return self

        def change(self, state: "Proposal") -> None:
            state.withdrawn = True
