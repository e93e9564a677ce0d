"""An agreement: an instrument and its life, per party, after the Vienna Convention on the Law of Treaties (VCLT).

The steps that parties take carry their own date of effect, `effective` in the envelope. Whether the
instrument binds is a reading, per party.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent
from domain.moment import Moment
from domain.names import AgreementKey, PartyKey
from domain.refusal import Refused
from domain.session import Participant
from domain.text import Line, Prose

Form = Literal[
    "treaty", "memorandum", "framework", "exchange-of-letters", "statement", "order", "law", "contract", "other"
]
Parties = Annotated[tuple[PartyKey, ...], Field(min_length=1, max_length=300)]
Scope = frozenset[str]
"""Whom a step is taken for: a party, two of them alone, or nobody in particular, which means the whole."""
Toward = Annotated[
    tuple[PartyKey, ...],
    Field(
        max_length=300,
        description="toward whom alone the step is taken; the same step can be taken toward others later",
    ),
]


BINDING = ("initialled", "signed", "ratified", "deposited", "applied-provisionally", "in-force")
LEAVING = ("withdrawn", "terminated", "expired")
"""The steps that lead into an agreement and out of it: those of one kind can be taken anew after one of the other."""
UNDONE_BY_LEAVING = (*BINDING, "suspended", "resumed")


class NotAPartyToTheAgreement(Refused):
    """This step is taken by a party that the draft names, or one that acceded."""


class ObserverSignsNothing(Refused):
    """Only who takes part as a party can be one to an agreement; who signs beside them is a witness."""


class PartyNamedTwice(Refused):
    """Each party is named once."""


class SupersededTwice(Refused):
    """Each agreement that is superseded is named once."""


class SupersedesItself(Refused):
    """An agreement takes the place of others."""


class TowardNeedsParties(Refused):
    """Whose step it is toward others is named; a step of the instrument as a whole is one toward everybody."""


class SuspendedTowardEverybody(Refused):
    """It is suspended for that party toward everybody: resume it so before a step is told toward some alone."""


class StepAlreadyTaken(Refused):
    """This step was on record by then, and nothing since has undone it."""


def refuse_repeated(
    keys: Sequence[str],
    field: str = "parties",
    others: Sequence[str] = (),
    refusal: type[Refused] = PartyNamedTwice,
) -> None:
    """Refuse who names something twice, or beside `others`."""
    for index, key in enumerate(keys):
        if key in (*others, *keys[:index]):
            raise refusal(key, f"{field}.{index}")


def refuse_observers(parties: Sequence[str], occurred: str, named: Callable[[str, str], Any]) -> None:
    """Refuse to make a party of who was only heard then; `named` is that of `gather`."""
    for index, party in enumerate(parties):
        if named("party", party).observed(occurred):
            raise ObserverSignsNothing(party, f"parties.{index}")


class Step(DomainEvent, frozen=True):
    """A step in the life of the instrument as a whole."""

    STEP: ClassVar[str]
    UNDOES: ClassVar[tuple[str, ...]] = ()
    note: Prose | None = None

    @property
    def takers(self) -> tuple[str, ...]:
        """Whose step it is; the empty name stands for the instrument as a whole."""
        return ("",)

    @property
    def toward(self) -> tuple[str, ...]:
        """Toward whom alone it is taken; nobody means toward everybody."""
        return ()

    @property
    def scopes(self) -> list[Scope]:
        """Whom it is taken for."""
        if self.toward:
            return [frozenset(pair) for pair in product(self.takers, self.toward)]
        return [frozenset(filter(None, [taker])) for taker in self.takers]

    def decide(self, past: "Agreement", known: "Agreement") -> Self:
        for scope in self.scopes:
            if past.has_taken(scope, self.STEP):
                field = "toward" if self.toward else "parties" if scope else "agreement"
                raise StepAlreadyTaken(" ".join([self.STEP, *sorted(scope)]), field)
        return self

    def change(self, state: "Agreement") -> None:
        """A step undoes what was taken for the same, for what it is a part of, or for a part of it: one of the whole
        what was taken for any party, and a party's what was taken for the whole.
        """
        for scope in self.scopes:
            state.taken -= {
                (other, step)
                for other, step in state.taken
                if step in self.UNDOES and (scope <= other or other <= scope)
            }
            state.taken.add((scope, self.STEP))


class PartyStep(Step, kw_only=True, frozen=True):
    """A step that parties take, each for itself."""

    parties: Parties

    @property
    def takers(self) -> tuple[str, ...]:
        return self.parties

    def decide(self, past: "Agreement", known: "Agreement") -> Self:
        refuse_repeated(self.parties)
        refuse_repeated(self.toward, "toward", self.parties)
        if self.toward and not self.parties:
            raise TowardNeedsParties(", ".join(self.toward), "parties")
        for field, named in (("parties", self.parties), ("toward", self.toward)):
            for index, party in enumerate(named):
                if party not in known.parties:
                    raise NotAPartyToTheAgreement(party, f"{field}.{index}")
                if self.toward and self.STEP != "suspended" and past.is_suspended(party):
                    raise SuspendedTowardEverybody(party, f"{field}.{index}")
        return Step.decide(self, past, known)


class AnyStep(PartyStep, frozen=True):
    """A step for some parties, or for the instrument as a whole where none is named."""

    parties: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()

    @property
    def takers(self) -> tuple[str, ...]:
        return self.parties or ("",)


class Agreement(Aggregate):
    """`taken` holds the steps that have been taken and not undone, each with whom it was taken for."""

    TOPIC = "Agreement"
    KIND = "agreement"
    ADDRESS = ("agreement",)
    Event = DomainEvent

    def blank(self) -> None:
        self.taken: set[tuple[Scope, str]] = set()

    def has_taken(self, scope: Scope, step: str) -> bool:
        """Whether a step was taken for somebody; what each of two has taken toward everybody, both have together."""
        alone = [frozenset([party]) for party in scope]
        return (scope, step) in self.taken or (len(alone) > 1 and all((party, step) in self.taken for party in alone))

    def is_suspended(self, party: str) -> bool:
        """Whether it is suspended for a party toward everybody."""
        return any((scope, "suspended") in self.taken for scope in (frozenset([party]), frozenset[str]()))

    @property
    def parties(self) -> set[str]:
        """Those whom the draft names, and those who acceded at whatever time: names are timeless."""
        drafted = {p for event in self.history if isinstance(event, Agreement.Drafted) for p in event.parties}
        acceded = {
            p
            for event in self.history
            if isinstance(event, Agreement.Ratified) and event.means == "accession"
            for p in event.parties
        }
        return drafted | acceded

    class Drafted(DomainEvent, frozen=True):
        """An instrument takes shape: a text, or at first only its name; `until` is the last day of its term.

        What it `supersedes` are earlier ones whose place it is to take (VCLT, article 59).
        """

        TOPIC: ClassVar[str] = "Agreement.Drafted"
        BEGINS: ClassVar[bool] = True
        title: Line
        form: Form
        parties: Parties
        text: Prose | None = None
        until: Moment | None = None
        supersedes: Annotated[tuple[AgreementKey, ...], Field(max_length=100)] = ()

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            refuse_observers(self.parties, self.envelope.occurred, named)
            return self

        def decide(self, past: "Agreement", known: "Agreement") -> Self:
            refuse_repeated(self.parties)
            refuse_repeated(self.supersedes, "supersedes", refusal=SupersededTwice)
            if self.envelope.key in self.supersedes:
                raise SupersedesItself(self.envelope.key, f"supersedes.{self.supersedes.index(self.envelope.key)}")
            known.refuse_if_known()
            return self

    class Announced(Step, frozen=True):
        """The agreement is made public."""

        TOPIC: ClassVar[str] = "Agreement.Announced"
        STEP: ClassVar[str] = "announced"

    class Concluded(Step, frozen=True):
        """The negotiators settle the text (VCLT, articles 9 and 10)."""

        TOPIC: ClassVar[str] = "Agreement.Concluded"
        STEP: ClassVar[str] = "concluded"

    class Initialled(PartyStep, frozen=True, kw_only=True):
        """Representatives put their initials to the text (VCLT, articles 10 and 12)."""

        TOPIC: ClassVar[str] = "Agreement.Initialled"
        STEP: ClassVar[str] = "initialled"
        UNDOES: ClassVar[tuple[str, ...]] = LEAVING
        by: tuple[Participant, ...] = ()

    class Signed(PartyStep, frozen=True, kw_only=True):
        """Representatives sign (VCLT, articles 12 and 18), before witnesses, who are not bound."""

        TOPIC: ClassVar[str] = "Agreement.Signed"
        STEP: ClassVar[str] = "signed"
        UNDOES: ClassVar[tuple[str, ...]] = LEAVING
        by: tuple[Participant, ...] = ()
        witnesses: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()

        def decide(self, past: "Agreement", known: "Agreement") -> Self:
            decided = PartyStep.decide(self, past, known)
            refuse_repeated(self.witnesses, "witnesses", self.parties)
            return decided

    class Ratified(PartyStep, frozen=True, kw_only=True):
        """A party consents to be bound: by ratification, acceptance, approval or accession (VCLT, articles 14, 15)."""

        TOPIC: ClassVar[str] = "Agreement.Ratified"
        STEP: ClassVar[str] = "ratified"
        UNDOES: ClassVar[tuple[str, ...]] = LEAVING
        means: Literal["ratification", "acceptance", "approval", "accession"] = "ratification"

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            if self.means == "accession":
                refuse_observers(self.parties, self.envelope.occurred, named)
            return self

        def decide(self, past: "Agreement", known: "Agreement") -> Self:
            if self.means == "accession":
                refuse_repeated(self.parties)
                return Step.decide(self, past, known)
            return PartyStep.decide(self, past, known)

    class Deposited(PartyStep, frozen=True, kw_only=True):
        """A party deposits its instrument (VCLT, article 16)."""

        TOPIC: ClassVar[str] = "Agreement.Deposited"
        STEP: ClassVar[str] = "deposited"
        UNDOES: ClassVar[tuple[str, ...]] = LEAVING
        depositary: Line | None = None

    class Rejected(PartyStep, frozen=True, kw_only=True):
        """A party does not consent to be bound, for now: its parliament, its people or a court has decided against it.

        That can happen more than once, and does not stand in the way of a later consent.
        """

        TOPIC: ClassVar[str] = "Agreement.Rejected"
        STEP: ClassVar[str] = "rejected"
        means: Literal["parliament", "referendum", "court", "government"]

        def change(self, state: "Agreement") -> None:
            """Nothing is taken by it, and nothing undone."""

    class AppliedProvisionally(PartyStep, frozen=True, kw_only=True):
        """A party applies it before it is in force (VCLT, article 25)."""

        TOPIC: ClassVar[str] = "Agreement.AppliedProvisionally"
        STEP: ClassVar[str] = "applied-provisionally"
        UNDOES: ClassVar[tuple[str, ...]] = LEAVING

    class EnteredIntoForce(PartyStep, frozen=True, kw_only=True):
        """It comes into force for these parties, and so between each pair of them (VCLT, article 24); or `toward` some
        alone, where others have objected, or not consented yet (articles 20 and 41).
        """

        TOPIC: ClassVar[str] = "Agreement.EnteredIntoForce"
        STEP: ClassVar[str] = "in-force"
        UNDOES: ClassVar[tuple[str, ...]] = (*LEAVING, "suspended")
        toward: Toward = ()

    class Suspended(AnyStep, frozen=True):
        """Its operation is suspended (VCLT, articles 57 and 60), or between certain parties alone (article 58)."""

        TOPIC: ClassVar[str] = "Agreement.Suspended"
        STEP: ClassVar[str] = "suspended"
        UNDOES: ClassVar[tuple[str, ...]] = ("resumed",)
        toward: Toward = ()

    class Resumed(AnyStep, frozen=True):
        """Its operation goes on after a suspension."""

        TOPIC: ClassVar[str] = "Agreement.Resumed"
        STEP: ClassVar[str] = "resumed"
        UNDOES: ClassVar[tuple[str, ...]] = ("suspended",)
        toward: Toward = ()

    class Withdrawn(PartyStep, frozen=True, kw_only=True):
        """A party withdraws (VCLT, articles 54 and 56)."""

        TOPIC: ClassVar[str] = "Agreement.Withdrawn"
        STEP: ClassVar[str] = "withdrawn"
        UNDOES: ClassVar[tuple[str, ...]] = UNDONE_BY_LEAVING

    class Terminated(AnyStep, frozen=True):
        """It ends (VCLT, articles 54 to 64), for some parties or for all."""

        TOPIC: ClassVar[str] = "Agreement.Terminated"
        STEP: ClassVar[str] = "terminated"
        UNDOES: ClassVar[tuple[str, ...]] = UNDONE_BY_LEAVING

    class Extended(Step, frozen=True):
        """Its term is prolonged, also more than once; without `until` it is not on record for how long."""

        TOPIC: ClassVar[str] = "Agreement.Extended"
        STEP: ClassVar[str] = "extended"
        until: Moment | None = None

        def change(self, state: "Agreement") -> None:
            """Nothing is taken by it, and nothing undone."""

    class Expired(AnyStep, frozen=True):
        """It ends with its term (VCLT, article 54), for some parties or for all."""

        TOPIC: ClassVar[str] = "Agreement.Expired"
        STEP: ClassVar[str] = "expired"
        UNDOES: ClassVar[tuple[str, ...]] = UNDONE_BY_LEAVING

    class Amended(DomainEvent, frozen=True):
        """It is changed, by another instrument or by agreement (VCLT, articles 39 to 41)."""

        TOPIC: ClassVar[str] = "Agreement.Amended"
        text: Prose
        by: AgreementKey | None = None
