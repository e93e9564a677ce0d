"""An incident: what happened outside the talks and bears on them, such as a raid, an election or an attack."""

from typing import Annotated, ClassVar

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent, First
from domain.names import IssueKey, PartyKey, only
from domain.text import Line, Prose


class Incident(Aggregate):
    """Happens once; how it stands, and how much it cost, is a matter of reports."""

    TOPIC = "Incident"
    KIND = "incident"
    ADDRESS = ("incident",)
    Event = DomainEvent

    def blank(self) -> None:
        self.issue: str | None = None

    class Occurred(First, frozen=True):
        """Something happened that bears on the talks."""

        TOPIC: ClassVar[str] = "Incident.Occurred"
        title: Line
        text: Prose | None = None
        place: Line | None = None
        parties: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()
        issues: Annotated[tuple[IssueKey, ...], Field(max_length=300)] = ()

        def change(self, state: "Incident") -> None:
            state.issue = only(self.issues)
