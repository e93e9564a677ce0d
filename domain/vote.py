"""A vote: a body decides on something, such as a parliament, the holders of a bond or a committee of creditors."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from msgspec.structs import replace
from pydantic import Field

from domain.aggregate import Aggregate
from domain.agreement import refuse_repeated
from domain.claim import Subject, issue_about, issue_of
from domain.event import Derived, DomainEvent, First
from domain.fact import Fact
from domain.names import IssueKey, PartyKey
from domain.refusal import Refused
from domain.text import Line

Outcome = Literal["carried", "defeated", "blocked", "inquorate"]
Cast = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?$",
        description="how many or how much was cast, as decimal text, not below 0, without separators",
        examples=["122", "66.67"],
    ),
]
_PERCENT = re.compile(r"%|per ?cent", re.IGNORECASE)


class ShareAboveTheWhole(Refused):
    """Where the unit is per cent, no more than 100 are cast or needed."""


class Ballot(Fact, frozen=True):
    """How a party voted, or on which side those stood whom it speaks for."""

    party: PartyKey
    voted: Literal["in-favour", "against", "abstained"]


class Vote(Aggregate):
    """Held once: a second reading is another vote. Rival counts are reports on its amount."""

    TOPIC = "Vote"
    KIND = "vote"
    ADDRESS = ("vote",)
    Event = DomainEvent

    def blank(self) -> None:
        self.issue: str | None = None

    class Held(First, frozen=True):
        """A body votes on something, or decides without a vote; where no `about` is told, on the negotiation."""

        TOPIC: ClassVar[str] = "Vote.Held"
        FIXED: ClassVar[frozenset[str]] = frozenset({"about"})
        body: Annotated[Line, Field(description="who voted, such as `House of Representatives`; it can be no party")]
        outcome: Annotated[
            Outcome,
            Field(description="`blocked` where an objection or a veto stopped it, whatever the numbers were"),
        ]
        title: Line | None = None
        about: Subject | None = None
        party: Annotated[
            PartyKey | None, Field(description="whose body it is, such as the party whose parliament voted")
        ] = None
        in_favour: Cast | None = None
        against: Cast | None = None
        abstained: Cast | None = None
        threshold: Annotated[Cast | None, Field(description="how much in favour it takes, in the same unit")] = None
        unit: Annotated[
            Line, Field(description="what the numbers count, such as `votes` or `percent of principal`")
        ] = "votes"
        by_party: Annotated[tuple[Ballot, ...], Field(max_length=300)] = ()
        issue: Annotated[IssueKey | None, Derived()] = None

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            """The issue that what was voted on is about, where that is one alone."""
            return replace(self, issue=issue_about(self.about, named) if self.about else None)

        def decide(self, past: "Vote", known: "Vote") -> Self:
            refuse_repeated([ballot.party for ballot in self.by_party], "by_party")
            for name in ("in_favour", "against", "abstained", "threshold") if _PERCENT.search(self.unit) else ():
                if Decimal(getattr(self, name) or 0) > 100:
                    raise ShareAboveTheWhole(f"{getattr(self, name)} {self.unit}", name)
            return super().decide(past, known)

        def change(self, state: "Vote") -> None:
            state.issue = self.issue or issue_of(self.about or "")
