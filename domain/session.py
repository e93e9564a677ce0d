"""A session: who met whom, where and when; within a round, or between rounds."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent, First
from domain.fact import Fact
from domain.moment import Moment, refuse_backwards
from domain.names import IssueKey, PartyKey, RoundKey, only
from domain.text import Line, Person, Prose


class Participant(Fact, frozen=True):
    """Somebody who took part for a party, for how many minutes where that is known."""

    party: PartyKey
    person: Person | None = None
    role: Line | None = None
    minutes: Annotated[int, Field(ge=0, le=100_000)] | None = None


class Session(Aggregate):
    """Held once; whether it counts as part of the talks can be disputed, by claims on its membership."""

    TOPIC = "Session"
    KIND = "session"
    ADDRESS = ("session",)
    Event = DomainEvent

    def blank(self) -> None:
        self.issue: str | None = None

    class Held(First, frozen=True):
        """People met, or called each other."""

        TOPIC: ClassVar[str] = "Session.Held"
        form: Literal["bilateral", "plenary", "call", "video", "committee", "summit", "press"]
        round: RoundKey | None = None
        title: Line | None = None
        place: Line | None = None
        began: Moment | None = None
        ended: Moment | None = None
        participants: tuple[Participant, ...] = ()
        issues: tuple[IssueKey, ...] = ()
        account: Prose | None = None

        def check(self) -> Self:
            refuse_backwards(self.began or self.envelope.occurred, self.ended, "ended")
            return self

        def change(self, state: "Session") -> None:
            state.issue = only(self.issues)
