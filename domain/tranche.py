"""A tranche: a part of an investment commitment on its way up the ladder.

The rungs are interest, pledge, commitment, selected, contracted, drawn and distributed. A tranche can
reach a rung without the one before it: that is irregular, and stored.
"""

from typing import ClassVar, Literal, Self

from domain.aggregate import Aggregate
from domain.event import DomainEvent
from domain.moment import Moment
from domain.money import Money
from domain.names import PartyKey, TrancheKey
from domain.refusal import Refused
from domain.text import Line, Prose

Status = Literal[
    "interest", "pledged", "proposed", "selected", "rejected", "contracted", "drawn", "completed", "cancelled"
]
Rung = Literal["interest", "pledge", "commitment", "selected", "contracted", "drawn", "distributed"]


class TrancheAlreadySelected(Refused):
    """The tranche was selected by then; resize it where its amount changed."""


class TrancheAlreadyRejected(Refused):
    """The tranche was rejected by then; propose it anew first."""


class TrancheAlreadyCompleted(Refused):
    """The tranche was completed by then."""


class TrancheAlreadyCancelled(Refused):
    """The tranche was cancelled by then; propose it anew first."""


class PartOfItself(Refused):
    """A tranche is part of another one, and includes others."""


class PriorMoneyNotIncluded(Refused):
    """Where earlier money is named, `includes_prior` is true."""


class PriorMoneyDoesNotFit(Refused):
    """Earlier money is at most the amount that includes it, in the same currency and by the same period."""


class Step(DomainEvent, frozen=True):
    """A step on the ladder: by which party, for how much."""

    STATUS: ClassVar[Status | None] = None
    party: PartyKey | None = None
    note: Prose | None = None

    def change(self, state: "Tranche") -> None:
        state.status = self.STATUS or state.status


class FirstStep(Step, frozen=True):
    """A step with which a tranche can become known; later steps may tell its title and whole anew.

    `includes_prior` says whether the amount holds money that was promised before: `prior` is how much of it,
    `includes` are the tranches under which that stands.
    """

    BEGINS: ClassVar[bool] = True
    title: Line | None = None
    amount: Money | None = None
    part_of: TrancheKey | None = None
    includes_prior: bool | None = None
    prior: Money | None = None
    includes: tuple[TrancheKey, ...] = ()

    def check(self) -> Self:
        if self.envelope.key in (self.part_of, *self.includes):
            raise PartOfItself(self.envelope.key, "part_of" if self.part_of == self.envelope.key else "includes")
        if (self.prior or self.includes) and not self.includes_prior:
            raise PriorMoneyNotIncluded(self.envelope.key, "includes_prior")
        if self.prior and not (self.amount and _fits(self.prior, self.amount)):
            raise PriorMoneyDoesNotFit(f"{self.prior.amount} {self.prior.currency}", "prior")
        return self


def _fits(prior: Money, amount: Money) -> bool:
    alike = (prior.currency, prior.per) == (amount.currency, amount.per)
    return alike and prior.minor <= amount.minor


class Tranche(Aggregate):
    """`status` is the last step that changed how the tranche stands."""

    TOPIC = "Tranche"
    KIND = "tranche"
    ADDRESS = ("tranche",)
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "unknown"

    class InterestRegistered(FirstStep, frozen=True):
        """Somebody says what could be invested: an interest, not a commitment."""

        TOPIC: ClassVar[str] = "Tranche.InterestRegistered"
        STATUS: ClassVar[Status | None] = "interest"

    class Pledged(FirstStep, frozen=True):
        """A party says that it will invest: as a pledge, or as a commitment where an agreement holds it to it.

        Of what is `revolving`, money that was drawn and paid back can be drawn again.
        """

        TOPIC: ClassVar[str] = "Tranche.Pledged"
        STATUS: ClassVar[Status | None] = "pledged"
        rung: Literal["pledge", "commitment"] = "pledge"
        revolving: bool | None = None

    class Proposed(FirstStep, frozen=True):
        """A tranche is put forward for selection."""

        TOPIC: ClassVar[str] = "Tranche.Proposed"
        STATUS: ClassVar[Status | None] = "proposed"

    class Selected(FirstStep, frozen=True):
        """A tranche is chosen to be funded."""

        TOPIC: ClassVar[str] = "Tranche.Selected"
        STATUS: ClassVar[Status | None] = "selected"

        def decide(self, past: "Tranche", known: "Tranche") -> Self:
            past.refuse_if("selected", TrancheAlreadySelected)
            return self

    class Consulted(Step, frozen=True):
        """The parties consult on the tranche."""

        TOPIC: ClassVar[str] = "Tranche.Consulted"
        parties: tuple[PartyKey, ...] = ()

    class Rejected(Step, frozen=True):
        """A proposed tranche is turned down."""

        TOPIC: ClassVar[str] = "Tranche.Rejected"
        STATUS: ClassVar[Status | None] = "rejected"

        def decide(self, past: "Tranche", known: "Tranche") -> Self:
            past.refuse_if("rejected", TrancheAlreadyRejected)
            return self

    class Contracted(Step, kw_only=True, frozen=True):
        """A contract is signed; the amounts of several add up."""

        TOPIC: ClassVar[str] = "Tranche.Contracted"
        STATUS: ClassVar[Status | None] = "contracted"
        amount: Money
        lender: Line | None = None

    class CapitalCalled(Step, kw_only=True, frozen=True):
        """Funding is asked for, by a date where one is named."""

        TOPIC: ClassVar[str] = "Tranche.CapitalCalled"
        amount: Money
        due: Moment | None = None

    class Drawn(Step, kw_only=True, frozen=True):
        """Money is paid out; the amounts add up."""

        TOPIC: ClassVar[str] = "Tranche.Drawn"
        STATUS: ClassVar[Status | None] = "drawn"
        amount: Money

    class CallMissed(Step, frozen=True):
        """A call was not met in time."""

        TOPIC: ClassVar[str] = "Tranche.CallMissed"
        amount: Money | None = None

    class Distributed(Step, kw_only=True, frozen=True):
        """Proceeds are paid to a party; the amounts add up."""

        TOPIC: ClassVar[str] = "Tranche.Distributed"
        amount: Money
        to: PartyKey

    class Returned(Step, kw_only=True, frozen=True):
        """Money comes back: it lowers what is drawn, or what is distributed. It was drawn all the same."""

        TOPIC: ClassVar[str] = "Tranche.Returned"
        rung: Literal["drawn", "distributed"]
        amount: Money

    class Resized(Step, kw_only=True, frozen=True):
        """The amount on one rung changes to another."""

        TOPIC: ClassVar[str] = "Tranche.Resized"
        rung: Rung
        amount: Money

    class Completed(Step, frozen=True):
        """The investment is finished."""

        TOPIC: ClassVar[str] = "Tranche.Completed"
        STATUS: ClassVar[Status | None] = "completed"

        def decide(self, past: "Tranche", known: "Tranche") -> Self:
            past.refuse_if("completed", TrancheAlreadyCompleted)
            return self

    class Cancelled(Step, frozen=True):
        """The tranche will not go on."""

        TOPIC: ClassVar[str] = "Tranche.Cancelled"
        STATUS: ClassVar[Status | None] = "cancelled"

        def decide(self, past: "Tranche", known: "Tranche") -> Self:
            past.refuse_if("cancelled", TrancheAlreadyCancelled)
            return self

    def refuse_if(self, status: str, rule: type[Refused]) -> None:
        if self.status == status:
            raise rule(self.history[0].envelope.key, "tranche")
