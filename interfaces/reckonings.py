"""What is worked out when asked, over HTTP: tariffs, the split of cash, sums, and the calendar. Nothing here writes."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from application.feed import calendar
from application.fold import Place
from application.goods import Product
from application.ladder import CALLED, PROPOSED, RUNGS
from application.projections.agreements import AgreementDocument
from application.projections.ledger import LedgerDocument, narrowed
from application.splits import AskedSplit, ContributionToldTwice, readings
from application.sums import ConversionNeedsItsSource, RatesContradict, RateText, Summed, converted, summed
from application.tariffs import Asked as AskedSchedule
from application.tariffs import schedule
from domain.moment import Day
from domain.money import AmountText, Currency, Money, Per
from domain.refusal import Refused, Unknown
from domain.tariff import Edition
from domain.text import Slug
from infrastructure.replayed import Replayed
from infrastructure.serialization import encode
from interfaces import answering
from interfaces.asking import AskedTimes, IfNoneMatch
from interfaces.problems import Problem
from interfaces.reading import Ask
from interfaces.stores import Seen

Worked = tuple[dict[str, Any], list[Place]]
"""What was worked out, and the documents that it rests on."""


class AskedRates(BaseModel):
    """Whose rates, on which goods; without a product, on everything that the schedule names."""

    product: Product | None = None
    edition: Annotated[Edition | None, Field(description="the edition of the Harmonized System that a code is of")] = (
        None
    )
    levied_by: Slug | None = None
    origin: Slug | None = None

    @property
    def wanted(self) -> AskedSchedule:
        return AskedSchedule(self.product, self.edition, self.levied_by, self.origin)


class AskedTariffs(AskedRates, AskedTimes):
    """The rates of a negotiation."""

    negotiation: Slug


class AskedSplitOf(AskedTimes):
    """Which cash, by which provision, on the day of `as_of`; what is told here takes the place of what is on record."""

    provision: Annotated[
        str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$", max_length=161, examples=["memorandum/profit-split"])
    ]
    amount: AmountText
    currency: Currency
    before: Annotated[AmountText | None, Field(description="what had been distributed before")] = None
    threshold: Annotated[AmountText | None, Field(description="the amount of a threshold that is not on record")] = None
    contributed: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9-]+:(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$", max_length=110)]],
        Field(max_length=50, description="what each party put in", examples=[["japan:540000000000"]]),
    ] = []


class AskedSum(AskedTimes):
    """Of which rung, in which currency; a conversion names its rates, their day and their source."""

    rung: Annotated[
        list[Literal[*RUNGS, PROPOSED, CALLED]],  # type: ignore[valid-type]
        Field(min_length=1, max_length=10, description="one rung: a sum of several is refused"),
    ]
    tranche: Annotated[Slug | None, Field(description="of a tranche and all its parts alone")] = None
    currency: Currency | None = None
    per: Annotated[
        Per | Literal["total"] | None,
        Field(description="of the amounts by the year alone, or by another time, or of those in all"),
    ] = None
    convert_to: Currency | None = None
    rate: Annotated[list[RateText], Field(max_length=50)] = []
    rate_date: Day | None = None
    rate_source: Annotated[Slug | None, Field(description="the source on file that has the rates")] = None


def router(stores: Ask) -> APIRouter:
    """The reckoning routes."""
    routes = APIRouter(tags=["reckoning"])

    async def list_tariffs(
        request: Request, asked: Annotated[AskedTariffs, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(asked.negotiation)
        return await _answer(store, asked, lambda state: tariffs(state, asked.negotiation, asked.wanted), if_none_match)

    async def show_split(
        request: Request, slug: Slug, asked: Annotated[AskedSplitOf, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        wanted = _split(asked)

        def worked_out(state: Replayed) -> Worked:
            state.refuse_strangers(slug, [("contributed", "party", party) for party in wanted.contributed or {}])
            survey = state.survey(slug)
            told = {"provision": asked.provision, "cash": wanted.cash, "on": survey.day}
            rests_on = [("ledger", slug, "ledger"), ("agreements", slug, wanted.agreement)]
            return told | {"readings": readings(survey, wanted)}, rests_on

        return await _answer(store, asked, worked_out, if_none_match)

    async def show_sum(
        request: Request, slug: Slug, asked: Annotated[AskedSum, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        ledger = ("ledger", slug, "ledger")
        return await _answer(store, asked, lambda state: (_sum(state, slug, asked), [ledger]), if_none_match)

    async def show_calendar(
        request: Request, slug: Slug, asked: Annotated[AskedTimes, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        body = await store.replay(asked, lambda state: calendar(slug, state.survey(slug)))
        return answering.answer(body, store.position, if_none_match, "text/calendar")

    within = "/v1/negotiations/{slug}"
    answering.get(
        routes, "/v1/tariffs", "list-tariffs", list_tariffs, "The rates on goods, with the steps that lead to them."
    )
    answering.get(
        routes,
        f"{within}/split",
        "show-split",
        show_split,
        "The split of cash, by a provision and every reading of it.",
    )
    answering.get(routes, f"{within}/sum", "show-sum", show_sum, "The sum on one rung, in one currency or converted.")
    ics = {"content": {"text/calendar": {"schema": {"type": "string"}}}}
    answering.get(
        routes,
        f"{within}/calendar",
        "show-calendar",
        show_calendar,
        "Rounds, sessions and deadlines as a calendar.",
        ics,
    )
    return routes


def tariffs(state: Replayed, negotiation: str, wanted: AskedSchedule) -> Worked:
    """The rates of a negotiation; raises `Refused` for parties and goods that it does not know."""
    parties = [("levied_by", "party", wanted.levied_by), ("origin", "party", wanted.origin)]
    state.refuse_strangers(negotiation, parties)
    survey = state.survey(negotiation)
    rests_on = [("agreements", negotiation, one.key) for one in survey.documents(AgreementDocument, hidden=True)]
    return {"items": schedule(survey, wanted), "next": None}, rests_on


async def _answer(
    store: Seen, asked: AskedTimes, work: Callable[[Replayed], Worked], if_none_match: str | None
) -> Response:
    def worked_out(state: Replayed) -> tuple[bytes, list[str]]:
        found, rests_on = work(state)
        return encode(found), state.may_be_later(rests_on)

    body, may_be_later = await store.replay(asked, worked_out)
    return answering.answer(answering.timed(body, asked, may_be_later), store.position, if_none_match)


def _split(asked: AskedSplitOf) -> AskedSplit:
    def money(told: str, field: str) -> Money:
        try:
            return Money(amount=told, currency=asked.currency).check()
        except Refused as refusal:
            raise Problem(422, refusal.code, f"{field}: {refusal}") from None

    agreement, _, provision = asked.provision.partition("/")
    told = dict(one.split(":") for one in asked.contributed)
    if len(told) != len(asked.contributed):
        raise ContributionToldTwice(", ".join(asked.contributed), "contributed")
    return AskedSplit(
        agreement,
        provision,
        money(asked.amount, "amount"),
        money(asked.before, "before") if asked.before else None,
        money(asked.threshold, "threshold") if asked.threshold else None,
        {party: money(amount, "contributed").minor for party, amount in told.items()} or None,
    )


def _sum(state: Replayed, slug: str, asked: AskedSum) -> dict[str, Any]:
    held = state.document(("ledger", slug, "ledger"))
    ledger = held.document if held else None
    if not isinstance(ledger, LedgerDocument):
        ledger = LedgerDocument(negotiation=slug, key="ledger")
    if asked.tranche:
        state.refuse_strangers(slug, [("tranche", "tranche", asked.tranche)])
        ledger = narrowed(ledger, asked.tranche, date.fromisoformat(state.as_of[:10]))
    for currency in filter(None, (asked.currency, asked.convert_to)):
        Money(amount="0", currency=currency).check()
    if asked.convert_to is None:
        return {"sum_of": summed(ledger, asked.rung, asked.currency, asked.per)}
    if not (asked.rate and asked.rate_date and asked.rate_source):
        raise ConversionNeedsItsSource(asked.convert_to, "rate_source")
    if state.document(("sources", slug, asked.rate_source)) is None:
        raise Unknown(f"source {asked.rate_source}", "rate_source")
    rates = dict(rate.split(":") for rate in asked.rate)
    if asked.currency or len(rates) != len(asked.rate):
        raise RatesContradict(", ".join(asked.rate), "rate")
    found: Summed = converted(
        ledger, asked.rung, asked.convert_to, rates, asked.rate_date, asked.rate_source, asked.per
    )
    return {"sum_of": found}
