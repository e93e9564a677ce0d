"""A party: a state, the European Union, an office, a company, a person; or somebody heard, such as the press."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent
from domain.names import PartyKey
from domain.refusal import Refused
from domain.text import Line

CountryCode = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code, where there is one", examples=["JP"])
]


class PartyAlreadyWithdrawn(Refused):
    """The party had withdrawn by then; add it again if it came back."""


class Party(Aggregate):
    """Whether it takes part (`party`), helps the others along (`mediator`, `guarantor`) or is only heard (`observer`):
    whoever is no party makes claims, and is bound by nothing.
    """

    TOPIC = "Party"
    KIND = "party"
    ADDRESS = ("party",)
    Event = DomainEvent

    def blank(self) -> None:
        self.withdrawn = False

    @property
    def roles(self) -> list[str]:
        """Those that it came with, one after the other."""
        return [event.role for event in self.history if isinstance(event, Party.Added)]

    def represented_by_then(self, moment: str) -> str | None:
        """For whom it spoke when something occurred; before it joined, for whom it did then."""
        added = [one for one in (self.at(moment).history or self.history[:1]) if isinstance(one, Party.Added)]
        return added[-1].represents if added else None

    def observed(self, moment: str) -> bool:
        """Whether it was no party when something occurred; before it joined, whether it joined so."""
        return (self.at(moment).roles[-1:] or self.roles[:1]) not in ([], ["party"])

    class Added(DomainEvent, frozen=True):
        """A party joins the negotiation, comes back to it, or goes on in another role."""

        TOPIC: ClassVar[str] = "Party.Added"
        BEGINS: ClassVar[bool] = True
        name: Line
        kind: Literal["state", "union", "office", "company", "organisation", "person", "press"]
        role: Literal["party", "observer", "mediator", "guarantor"] = "party"
        code: CountryCode | None = None
        represents: PartyKey | None = None

        def decide(self, past: "Party", known: "Party") -> Self:
            if not past.withdrawn and past.roles[-1:] in ([], [self.role]):
                known.refuse_if_known()
            return self

        def change(self, state: "Party") -> None:
            state.withdrawn = False

    class Withdrawn(DomainEvent, frozen=True):
        """A party leaves the negotiation."""

        TOPIC: ClassVar[str] = "Party.Withdrawn"

        def decide(self, past: "Party", known: "Party") -> Self:
            if past.withdrawn:
                raise PartyAlreadyWithdrawn(self.envelope.key, "party")
            return self

        def change(self, state: "Party") -> None:
            state.withdrawn = True
