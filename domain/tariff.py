"""A tariff: one rate on some goods, its legal basis, and how it goes together with the rates before it."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field

from domain.fact import Fact
from domain.money import CURRENCIES, AmountText, Currency, UnknownCurrency
from domain.names import AgreementKey, PartyKey
from domain.percent import UnsignedPercent
from domain.refusal import Refused
from domain.text import Line, Slug

CODE = r"[0-9]{2}(\.?[0-9]{2}){0,4}"
"""Of the Harmonized System: a chapter (2 digits), heading (4) or subheading (6), or a national line (8 or 10), with or
without dots."""

CodeRange = Annotated[
    str,
    Field(
        pattern=rf"^{CODE}(-{CODE})?$",
        description="a code of the Harmonized System, with all below it, or a range of two, both included",
        examples=["0201", "8703.23", "01-24"],
    ),
]
Edition = Literal["1988", "1992", "1996", "2002", "2007", "2012", "2017", "2022", "2028"]
"""The editions of the Harmonized System (World Customs Organization)."""

BASES = ("mfn", "reciprocal", "section-232", "section-122")
"""Legal bases in the order in which their rates go together; any others come after these, by name."""


class GoodsNameNothing(Refused):
    """Goods have a name, codes of the Harmonized System, or both."""


class CodesWithoutEdition(Refused):
    """A code means something only in an edition of the Harmonized System: name it."""


class CodesOutOfOrder(Refused):
    """A range of codes goes from the lower to the higher, both of one length."""


class Goods(Fact, frozen=True):
    """Some goods: by a name that is used throughout, by their codes in one edition, or both."""

    name: Slug | None = None
    codes: Annotated[tuple[CodeRange, ...], Field(max_length=500)] = ()
    edition: Edition | None = None

    def check(self) -> Self:
        if not (self.name or self.codes):
            raise GoodsNameNothing("goods", "name")
        if self.codes and not self.edition:
            raise CodesWithoutEdition(self.codes[0], "edition")
        for code in self.codes:
            first, last = ends(code)
            if len(first) != len(last) or first > last:
                raise CodesOutOfOrder(code, "codes")
        return self


class Quota(Fact, frozen=True):
    """On which side of which quota a rate is levied."""

    name: Slug
    side: Literal["inside", "outside"]
    volume: Line | None = None


class Specific(Fact, frozen=True):
    """A specific duty: so much money for each unit of goods."""

    amount: AmountText
    currency: Currency
    per: Annotated[Line, Field(description="the unit of goods, in the same words throughout", examples=["100 kg"])]

    def check(self) -> Self:
        if self.currency not in CURRENCIES:
            raise UnknownCurrency(self.currency, "currency")
        return self


class Levy(NamedTuple):
    """What is levied: a part of the value of goods, and so much money for each unit of them, by currency and unit."""

    percent: Decimal
    specific: dict[tuple[str, str], Decimal]

    def plus(self, other: "Levy") -> "Levy":
        units = {*self.specific, *other.specific}
        return Levy(self.percent + other.percent, {unit: self._of(unit) + other._of(unit) for unit in units})

    def is_within(self, other: "Levy") -> bool:
        """Whether it is no more than another on any goods, whatever they are worth."""
        return self.percent <= other.percent and all(self._of(unit) <= other._of(unit) for unit in self.specific)

    def _of(self, unit: tuple[str, str]) -> Decimal:
        return self.specific.get(unit, Decimal(0))

    @property
    def told(self) -> tuple[Specific, ...]:
        """The specific duties, in the order of their currencies and units."""
        amounts = sorted(self.specific.items())
        return tuple(Specific(amount=f"{amount:f}", currency=one, per=per) for (one, per), amount in amounts if amount)


def in_words(percent: str, specific: Sequence[Specific]) -> str:
    """What is levied, as people say it: `12.8 % + EUR 176.8 per 100 kg`."""
    parts = [f"{percent} %"] if Decimal(percent) or not specific else []
    return " + ".join([*parts, *(f"{one.currency} {one.amount} per {one.per}" for one in specific)])


class Tariff(Fact, tag="tariff", frozen=True):
    """`percent` of the value of goods, levied by a party on goods that come from another, and beside it the `specific`
    duties, so much for each unit.

    Without goods it is a rate on all of them, and without an origin on those of every party. `stacking` says
    how it goes together with the rates of the bases before it: it is added, the higher of both counts, or the lower
    (it is a ceiling), or it takes the place of all of them. Of the bases that it `replaces` alone it takes the place,
    as a preference does of the most-favoured-nation rate, and of several that replace the same the lowest counts, or
    the one that replaces the others, as a safeguard does a preference. It is not levied on goods that bear a rate of a
    basis to which it `yields_to`. It ends with the instrument that it `rests_on`, as with its own.
    """

    SEARCHED: ClassVar[tuple[str, ...]] = ("percent", "basis", "goods", "specific")
    percent: UnsignedPercent
    basis: Slug
    stacking: Literal["add", "higher", "lower", "replace"] = "add"
    goods: Annotated[tuple[Goods, ...], Field(max_length=200)] = ()
    quota: Quota | None = None
    levied_by: PartyKey | None = None
    origin: PartyKey | None = None
    yields_to: Annotated[tuple[Slug, ...], Field(max_length=20)] = ()
    replaces: Annotated[tuple[Slug, ...], Field(max_length=20)] = ()
    rests_on: AgreementKey | None = None
    specific: Annotated[tuple[Specific, ...], Field(max_length=5)] = ()

    @property
    def levy(self) -> Levy:
        duties = (Levy(Decimal(0), {(one.currency, one.per): Decimal(one.amount)}) for one in self.specific)
        return reduce(Levy.plus, duties, Levy(Decimal(self.percent), {}))


def ends(code: str) -> tuple[str, str]:
    """The first and last code of a range, as digits alone."""
    first, _, last = code.replace(".", "").partition("-")
    return first, last or first


def covers(code_range: str, code: str) -> bool:
    """Whether a range holds all of what another one, or a code, stands for."""
    (low, high), (first, last) = ends(code_range), ends(code)
    return len(low) <= len(first) and low <= first[: len(low)] and last[: len(low)] <= high


def overlaps(code_range: str, code: str) -> bool:
    """Whether a range and another one, or a code, have something in common."""
    (low, high), (first, last) = ends(code_range), ends(code)
    length = min(len(low), len(first))
    return low[:length] <= last[:length] and first[:length] <= high[:length]
