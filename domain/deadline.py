"""A deadline: a date or a rule, a chain of revisions, and an outcome. That it was missed is a claim."""

from typing import ClassVar, Literal, Self

from domain.aggregate import Aggregate
from domain.claim import Subject, issue_of
from domain.event import DomainEvent, First
from domain.moment import Moment, refuse_backwards
from domain.names import PartyKey
from domain.refusal import Refused
from domain.rule import Rule
from domain.text import Line


class DeadlineNeedsDateOrRule(Refused):
    """A deadline is set with a due date, a rule that gives one, or both."""


class CountsFromItself(Refused):
    """A deadline counts from another one, from what happens, or from a date."""


class DeadlineAlreadyCancelled(Refused):
    """The deadline was cancelled by then; revise it to set it again."""


class OutcomeAlreadyRecorded(Refused):
    """The deadline's outcome was on record by then; revise the deadline, or correct that record."""


class Deadline(Aggregate):
    """Open until it is cancelled or an outcome is recorded; a revision opens it again."""

    TOPIC = "Deadline"
    KIND = "deadline"
    ADDRESS = ("deadline",)
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "open"
        self.outcome: str | None = None
        self.issue: str | None = None

    class Set(First, frozen=True):
        """A deadline is set."""

        TOPIC: ClassVar[str] = "Deadline.Set"
        title: Line
        due: Moment | None = None
        rule: Rule | None = None
        party: PartyKey | None = None
        about: Subject | None = None

        def check(self) -> Self:
            if self.due is None and self.rule is None:
                raise DeadlineNeedsDateOrRule(self.envelope.key, "due")
            return self

        def decide(self, past: "Deadline", known: "Deadline") -> Self:
            _refuse_own_day(self)
            return super().decide(past, known)

        def change(self, state: "Deadline") -> None:
            state.issue = issue_of(self.about or "")

    class Revised(DomainEvent, frozen=True):
        """A deadline moves: to a date, by a rule, or to when nobody can say yet."""

        TOPIC: ClassVar[str] = "Deadline.Revised"
        due: Moment | None = None
        rule: Rule | None = None
        party: PartyKey | None = None

        def decide(self, past: "Deadline", known: "Deadline") -> Self:
            _refuse_own_day(self)
            return self

        def change(self, state: "Deadline") -> None:
            state.status = "open"

    class Cancelled(DomainEvent, frozen=True):
        """A deadline no longer applies."""

        TOPIC: ClassVar[str] = "Deadline.Cancelled"

        def decide(self, past: "Deadline", known: "Deadline") -> Self:
            if past.status == "cancelled":
                raise DeadlineAlreadyCancelled(self.envelope.key, "deadline")
            return self

        def change(self, state: "Deadline") -> None:
            state.status = "cancelled"

    class OutcomeRecorded(DomainEvent, frozen=True):
        """How a deadline ended; of one that lapsed, that it was met late after all."""

        TOPIC: ClassVar[str] = "Deadline.OutcomeRecorded"
        outcome: Literal["met", "met-late", "waived", "lapsed", "overtaken"]

        def decide(self, past: "Deadline", known: "Deadline") -> Self:
            for event in known.history:
                if isinstance(event, Deadline.Set):
                    refuse_backwards(event.envelope.occurred, self.envelope.occurred, "occurred")
            made_good = past.outcome == "lapsed" and self.outcome == "met-late"
            if past.status == "ended" and not made_good:
                raise OutcomeAlreadyRecorded(self.envelope.key, "deadline")
            return self

        def change(self, state: "Deadline") -> None:
            state.status = "ended"
            state.outcome = self.outcome


def _refuse_own_day(event: Deadline.Set | Deadline.Revised) -> None:
    if event.rule and event.rule.event == f"deadline/{event.envelope.key}/due":
        raise CountsFromItself(event.rule.event, "rule.event")
