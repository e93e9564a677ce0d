"""A provision: a numbered part of an agreement, which can be suspended, conditional or end on its own."""

import re
from typing import Annotated, ClassVar, Literal, Self

from msgspec.structs import replace
from pydantic import Field

from domain.aggregate import Aggregate
from domain.agreement import refuse_repeated
from domain.event import DomainEvent, First
from domain.fact import Fact
from domain.moment import Moment, is_moment, refuse_backwards, surely_before
from domain.names import IssueKey, PartyKey
from domain.refusal import Refused
from domain.rule import Rule
from domain.text import Line, Prose
from domain.value import Told


class ProvisionAlreadyRemoved(Refused):
    """The provision had been removed by then; add one under another name."""


class ProvisionAlreadySuspended(Refused):
    """The provision was suspended by then, until the same; resume it, or suspend it until another date."""


class ProvisionNotSuspended(Refused):
    """Only a provision that is suspended can be resumed."""


class RevertsToNothing(Refused):
    """What reverts says to which `value`; what begins or ends has none."""


class DependsOnWords(Refused):
    """A provision depends on an `event` on record or on a `start` that is told; put words into `condition`."""


class Dependence(Fact, frozen=True):
    """From the day that a rule names a provision begins to apply, ends, or reverts to a value: it snaps back.

    An event counts from the first time that it happens.
    """

    effect: Literal["begins", "ends", "reverts"]
    rule: Rule
    value: Told | None = None

    def check(self) -> Self:
        if (self.effect == "reverts") != (self.value is not None):
            raise RevertsToNothing(self.effect, "value")
        if not (self.rule.event or self.rule.start):
            raise DependsOnWords(self.rule.after, "rule.event")
        return self


Dependences = Annotated[tuple[Dependence, ...], Field(max_length=20)]
Binds = Annotated[
    tuple[PartyKey, ...],
    Field(max_length=200, description="whose obligation or quota it is; nobody means nobody in particular"),
]


_LIKE_A_DATE = re.compile(r"[0-9]{4}(-|$)")


def is_over(until: str | None, moment: str) -> bool:
    """Whether a suspension is over at a moment: where its end was told in words alone, such as "further notice", no."""
    return bool(until and is_moment(until) and surely_before(until, moment))


class ToldAndLeftOut(Refused):
    """What a provision is without is not told at the same time."""


class UntilIsNoDate(Refused):
    """The end of a suspension is told as a date that exists, or in words."""


class Provision(Aggregate):
    """Part of its agreement from when it is added until it is removed."""

    TOPIC = "Provision"
    KIND = "provision"
    ADDRESS = ("agreement", "provision")
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "part"
        self.until: str | None = None
        self.issue: str | None = None

    class Added(First, frozen=True):
        """A provision becomes part of the agreement."""

        TOPIC: ClassVar[str] = "Provision.Added"
        title: Line
        kind: Literal["tariff", "investment", "purchase", "profit-split", "quota", "procedure", "text"]
        text: Prose
        number: Line | None = None
        value: Told | None = None
        issue: IssueKey | None = None
        condition: Line | None = None
        depends_on: Dependences = ()
        sunset: Moment | None = None
        binds: Binds = ()

        def decide(self, past: "Provision", known: "Provision") -> Self:
            refuse_repeated(self.binds, "binds")
            return First.decide(self, past, known)

        def change(self, state: "Provision") -> None:
            state.issue = self.issue

    class Amended(DomainEvent, frozen=True):
        """A provision is changed; what is not told again stays as it was, but for what it is `without` from then on."""

        TOPIC: ClassVar[str] = "Provision.Amended"
        text: Prose
        title: Line | None = None
        number: Line | None = None
        value: Told | None = None
        condition: Line | None = None
        depends_on: Dependences | None = None
        sunset: Moment | None = None
        binds: Binds | None = None
        without: Annotated[tuple[Literal["value", "condition", "sunset"], ...], Field(max_length=3)] = ()

        def decide(self, past: "Provision", known: "Provision") -> Self:
            past.refuse_if_removed()
            for index, field in enumerate(self.without):
                if getattr(self, field) is not None:
                    raise ToldAndLeftOut(field, f"without.{index}")
            refuse_repeated(self.binds or (), "binds")
            return self

    class Removed(DomainEvent, frozen=True):
        """A provision is taken out of the agreement."""

        TOPIC: ClassVar[str] = "Provision.Removed"

        def decide(self, past: "Provision", known: "Provision") -> Self:
            past.refuse_if_removed()
            return self

        def change(self, state: "Provision") -> None:
            state.status = "removed"

    class Suspended(DomainEvent, frozen=True):
        """A provision stops to apply for a time: where `until` is a date, it applies again after that."""

        TOPIC: ClassVar[str] = "Provision.Suspended"
        until: Line | None = None

        def decide(self, past: "Provision", known: "Provision") -> Self:
            past.refuse_if_removed()
            until = self.until and self.until.strip()
            if past.status == "suspended" and past.until == until:
                raise ProvisionAlreadySuspended(self.envelope.key, "provision")
            if until and is_moment(until):
                refuse_backwards(self.envelope.takes_effect, until, "until")
            elif until and _LIKE_A_DATE.match(until):
                raise UntilIsNoDate(until, "until")
            return replace(self, until=until)

        def change(self, state: "Provision") -> None:
            state.status = "suspended"
            state.until = self.until

    class Resumed(DomainEvent, frozen=True):
        """A suspended provision applies again."""

        TOPIC: ClassVar[str] = "Provision.Resumed"

        def decide(self, past: "Provision", known: "Provision") -> Self:
            if past.status != "suspended":
                raise ProvisionNotSuspended(self.envelope.key, "provision")
            return self

        def change(self, state: "Provision") -> None:
            state.status = "part"

    def refuse_if_removed(self) -> None:
        if self.status == "removed":
            raise ProvisionAlreadyRemoved(self.history[0].envelope.key, "provision")
