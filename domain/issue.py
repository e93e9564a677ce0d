"""An issue: one point on the agenda, such as a chapter, a tariff line or the split of profits."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent, First
from domain.names import IssueKey, PartyKey
from domain.refusal import Refused
from domain.text import Line, Prose


class IssueAlreadySettled(Refused):
    """The issue was settled by then; reopen it first."""


class IssueAlreadyDropped(Refused):
    """The issue was dropped by then; reopen it first."""


class IssueAlreadyOpen(Refused):
    """Only an issue that is settled or dropped can be reopened."""


class LinkedToItself(Refused):
    """An issue is linked to another one."""


class Issue(Aggregate):
    """On the agenda from when it is raised until it is settled or dropped."""

    TOPIC = "Issue"
    KIND = "issue"
    ADDRESS = ("issue",)
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "open"
        self.settled_for: set[str] = set()
        """Those for whom alone it is settled."""

    class Raised(First, frozen=True):
        """An issue comes onto the agenda."""

        TOPIC: ClassVar[str] = "Issue.Raised"
        title: Line
        text: Prose | None = None
        party: PartyKey | None = None

        def change(self, state: "Issue") -> None:
            state.status = "open"

    class Reworded(DomainEvent, frozen=True):
        """An issue gets another wording; its name stays."""

        TOPIC: ClassVar[str] = "Issue.Reworded"
        title: Line
        text: Prose | None = None

    class Linked(DomainEvent, frozen=True):
        """An issue is tied to another: the one depends on it, is traded against it, or belongs to it."""

        TOPIC: ClassVar[str] = "Issue.Linked"
        to: IssueKey
        relation: Literal["depends-on", "traded-against", "part-of", "related-to"] = "related-to"

        def decide(self, past: "Issue", known: "Issue") -> Self:
            if self.to == self.envelope.key:
                raise LinkedToItself(self.to, "to")
            return self

    class Settled(DomainEvent, frozen=True):
        """The parties agree on the issue; where some are named, these alone."""

        TOPIC: ClassVar[str] = "Issue.Settled"
        terms: Prose
        parties: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()

        def decide(self, past: "Issue", known: "Issue") -> Self:
            for_more = set(self.parties) - past.settled_for if self.parties else past.settled_for
            if past.status == "settled" and not (past.settled_for and for_more):
                raise IssueAlreadySettled(self.envelope.key, "issue")
            return self

        def change(self, state: "Issue") -> None:
            state.status = "settled"
            state.settled_for = state.settled_for | set(self.parties) if self.parties else set()

    class Dropped(DomainEvent, frozen=True):
        """The issue leaves the agenda without agreement."""

        TOPIC: ClassVar[str] = "Issue.Dropped"

        def decide(self, past: "Issue", known: "Issue") -> Self:
            if past.status == "dropped":
                raise IssueAlreadyDropped(self.envelope.key, "issue")
            return self

        def change(self, state: "Issue") -> None:
            state.status = "dropped"
            state.settled_for = set()

    class Reopened(DomainEvent, frozen=True):
        """The issue comes back onto the agenda."""

        TOPIC: ClassVar[str] = "Issue.Reopened"

        def decide(self, past: "Issue", known: "Issue") -> Self:
            if past.status == "open":
                raise IssueAlreadyOpen(self.envelope.key, "issue")
            return self

        def change(self, state: "Issue") -> None:
            state.status = "open"
            state.settled_for = set()
