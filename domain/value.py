"""The typed values that a claim can assert."""

from typing import Annotated

from pydantic import Field

from domain.cap import Cap
from domain.fact import Fact
from domain.moment import Moment
from domain.money import Money, Per, Qualifier
from domain.percent import Percent, SignedPercent
from domain.rule import Rule
from domain.tariff import Tariff
from domain.text import Line, Prose, Slug
from domain.waterfall import Waterfall


class Text(Fact, tag="text", frozen=True):
    """What was asserted, in words."""

    text: Prose


class Amount(Fact, tag="money", frozen=True):
    """Money, with its qualifier."""

    money: Money


class Share(Fact, tag="share", frozen=True):
    """A part of a whole that goes to one party."""

    percent: Percent
    to: Slug | None = None
    qualifier: Qualifier = "exactly"


class Rate(Fact, tag="rate", frozen=True):
    """A rate, such as of a tariff, of interest or of growth; `basis` says what it is a rate of, or on top of what."""

    percent: SignedPercent
    basis: Line | None = None
    qualifier: Qualifier = "exactly"


class Count(Fact, tag="count", frozen=True):
    """A number of things or days, or by how many there are more or fewer; `unit` says of what."""

    number: Annotated[int, Field(ge=-(10**15), le=10**15)]
    unit: Line
    qualifier: Qualifier = "exactly"
    per: Per | None = None


class When(Fact, tag="date", frozen=True):
    """A date or an instant."""

    date: Moment


class Status(Fact, tag="status", frozen=True):
    """A status, by the name that the model or the claimant gives it."""

    status: Slug


class Answer(Fact, tag="yes-no", frozen=True):
    """Yes or no."""

    answer: bool


class RuledDate(Fact, tag="rule", frozen=True):
    """A date that a rule gives."""

    rule: Rule


Value = Text | Amount | Share | Rate | Count | When | Status | Answer | RuledDate | Waterfall | Cap | Tariff
Told = Annotated[Value, Field(discriminator="type")]
