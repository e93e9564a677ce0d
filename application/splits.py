"""The split of a distribution: the same cash by the provision and by every rival reading of it, side by side."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from application.ladder import board, on, unit_of
from application.projections.agreements import AgreementDocument, applied_in
from application.projections.positions import PositionDocument
from application.projections.tranches import TrancheDocument
from application.provisions import ProvisionEntry
from application.reckoning import Survey
from application.stand import Stand, current
from application.view import Basis
from domain.claim import aspect_of
from domain.fact import Fact
from domain.moment import first_date
from domain.money import Money, in_units
from domain.refusal import Refused
from domain.value import Share, Text, Value
from domain.waterfall import Cash, Slice, ThresholdUnknown, Waterfall, apportioned, split


class NoSuchProvision(Refused):
    """There is no such provision on the day."""


class NotACurrencyOfTheWaterfall(Refused):
    """The provision splits cash of another currency."""


class ThresholdIsOnRecord(Refused):
    """The amount of every threshold is on record: leave `threshold` out."""


class ContributionToldTwice(Refused):
    """What each party put in is told once."""


class PartEntry(Fact, omit_defaults=False, frozen=True):
    """What one party gets; nobody in particular where a reading does not say who."""

    party: str | None
    amount: str


class SliceEntry(Fact, omit_defaults=False, frozen=True):
    """The cash that falls into one tier, counted from 1. `owed` is what was left until its threshold, exactly."""

    tier: int
    until: str | None
    owed: str | None
    amount: str
    parts: tuple[PartEntry, ...]


class Case(Fact, omit_defaults=False, frozen=True):
    """A split, and what it supposes where something is not on record."""

    supposing: str | None
    slices: tuple[SliceEntry, ...]
    totals: tuple[PartEntry, ...]


class SplitReading(Fact, omit_defaults=False, frozen=True):
    """What the provision, or a claim about it or its issue, makes of the cash; no cases if it cannot be worked out.

    `kind` is `provision` for what that says itself, and else that of the claim: a `reading` or a `position`. A position
    on the issue (`subject`) can be older than the provision: `since` tells.
    """

    kind: str
    subject: str
    since: str
    claimant: str | None
    claim: str | None
    terms: Value | None
    cases: tuple[Case, ...]
    says: str
    basis: Basis | None


class AskedSplit(NamedTuple):
    """Which cash is split by which provision.

    `before` is what had been distributed before, in place of what is on record; `threshold` the amount of
    one that is not on record; `contributed` what each party has put in, in place of what is on record as drawn.
    """

    agreement: str
    provision: str
    cash: Money
    before: Money | None = None
    threshold: Money | None = None
    contributed: dict[str, int] | None = None


class _Known(NamedTuple):
    """What a split rests on beside its terms, in minor units."""

    cash: Cash
    earlier: list[Cash]
    contributed: dict[str, int]
    asked: AskedSplit
    against: str | None
    """Why the provision does not apply, however it is read."""


class _Flow(NamedTuple):
    """Money that came onto a rung, or left it where it is below 0: when, and whose it is, where that is told."""

    day: date
    party: str | None
    minor: int


def readings(survey: Survey, asked: AskedSplit) -> list[SplitReading]:
    """The split of the cash on the day by every reading. Raises `Refused` for a provision that it does not fit."""
    agreement, entry, told = _provision(survey, asked)
    tranches = survey.documents(TrancheDocument)
    paid = [flow for flow in _flows(tranches, "distributed", asked.cash.currency) if flow.day < survey.day]
    earlier = [Cash(survey.day, asked.before.minor)] if asked.before else [Cash(flow.day, flow.minor) for flow in paid]
    contributed = asked.contributed or _by_party(_flows(tranches, "drawn", asked.cash.currency))
    own = applied_in(agreement, entry, survey)
    against = None if own.applies else own.why
    known = _Known(Cash(survey.day, asked.cash.minor), earlier, contributed, asked, against)
    if isinstance(own.value, Waterfall) and own.value.currency != asked.cash.currency:
        raise NotACurrencyOfTheWaterfall(f"{asked.cash.currency}, not {own.value.currency}", "currency")
    if isinstance(own.value, Waterfall) and asked.threshold and _filled(own.value, asked.threshold) is own.value:
        raise ThresholdIsOnRecord(asked.threshold.amount, "threshold")
    cases, says = _worked_out(own.value, known)
    first = SplitReading(
        kind="provision",
        subject=f"provision/{asked.agreement}/{asked.provision}",
        since=told.takes_effect,
        claimant=None,
        claim=None,
        terms=own.value,
        cases=cases,
        says=says,
        basis=entry.basis,
    )
    return [first, *(_of_claim(stand, known) for stand in _claims(entry, survey))]


def _provision(survey: Survey, asked: AskedSplit) -> tuple[AgreementDocument, ProvisionEntry, Basis]:
    """A provision of an agreement, and what told last what it says."""
    for document in survey.documents(AgreementDocument):
        if document.key == asked.agreement:
            for entry in document.provisions:
                if entry.key == asked.provision and entry.told:
                    return document, entry, entry.told
    raise NoSuchProvision(f"{asked.agreement}/{asked.provision}", "provision")


def _claims(entry: ProvisionEntry, survey: Survey) -> Iterator[Stand]:
    """What is read into the provision, and what parties want there and on the issue that it is about."""
    about = (stand for stand in current(entry.claims) if aspect_of(stand.subject) is None)
    yield from (stand for stand in about if stand.kind in {"reading", "position"})
    for document in survey.documents(PositionDocument):
        if document.kind == "position" and document.subject == f"issue/{entry.issue}" and document.current:
            yield document.current


def _worked_out(terms: Value | None, known: _Known) -> tuple[tuple[Case, ...], str]:
    """The splits by some terms, or why there are none."""
    if known.against:
        return (), known.against
    try:
        return _cases(terms, known)
    except Refused as refusal:
        return (), str(refusal)


def _of_claim(stand: Stand, known: _Known) -> SplitReading:
    cases, says = _worked_out(stand.value, known)
    return SplitReading(
        kind=stand.kind,
        subject=stand.subject,
        since=stand.basis.takes_effect,
        claimant=stand.claimant,
        claim=stand.claim,
        terms=stand.value,
        cases=cases,
        says=says,
        basis=stand.basis,
    )


def _cases(terms: Value | None, known: _Known) -> tuple[tuple[Case, ...], str]:
    """The splits by some terms, and what there is to say about them."""
    currency = known.asked.cash.currency
    match terms:
        case Waterfall() if terms.currency != currency:
            return (), f"it splits {terms.currency}, not {currency}"
        case Waterfall():
            return _by_waterfall(_filled(terms, known.asked.threshold), known)
        case Share(percent=percent, to=to, qualifier="exactly"):
            share = Fraction(percent)
            parts = apportioned(known.cash.minor, [share, 100 - share])
            told = [PartEntry(party=to, amount=in_units(parts[0], currency))]
            rest = [PartEntry(party=None, amount=in_units(parts[1], currency))]
            slices = (
                SliceEntry(
                    tier=1, until=None, owed=None, amount=in_units(known.cash.minor, currency), parts=(*told, *rest)
                ),
            )
            return (
                Case(supposing=None, slices=slices, totals=slices[0].parts),
            ), "of all cash; who gets the rest is not said"
        case Share():
            return (), f"it is told as {terms.qualifier} so much, from which nothing can be worked out"
        case Text():
            return (), "it is told in words, from which nothing can be worked out"
    return (), "it has no terms by which cash can be split"


def _filled(terms: Waterfall, threshold: Money | None) -> Waterfall:
    """The terms with the amount of the first threshold that has none on record."""
    for number, tier in enumerate(terms.tiers):
        if threshold and tier.until and tier.until.amount is None:
            filled = replace(tier, until=replace(tier.until, amount=threshold.amount))
            return replace(terms, tiers=(*terms.tiers[:number], filled, *terms.tiers[number + 1 :])).check()
    return terms


def _by_waterfall(terms: Waterfall, known: _Known) -> tuple[tuple[Case, ...], str]:
    try:
        return (_case(terms, split(terms, known.cash, known.earlier, known.contributed), None),), "as its tiers have it"
    except ThresholdUnknown as unknown:
        cases = []
        for number, tier in enumerate(terms.tiers):
            alone = replace(terms, tiers=(replace(tier, until=None),))
            found = [one._replace(tier=number) for one in split(alone, known.cash, (), known.contributed)]
            below = terms.tiers[number - 1].until
            supposing = (
                f"before {tier.until.name} is reached"
                if tier.until
                else f"after {below.name} is reached"
                if below
                else None
            )
            cases.append(_case(terms, found, supposing))
        return tuple(cases), str(unknown)


def _case(terms: Waterfall, slices: Sequence[Slice], supposing: str | None) -> Case:
    totals: dict[str, int] = defaultdict(int)
    for one in slices:
        for party, minor in one.parts.items():
            totals[party] += minor
    return Case(
        supposing=supposing,
        slices=tuple(_slice(terms, one) for one in slices),
        totals=_parts(totals, terms.currency),
    )


def _slice(terms: Waterfall, one: Slice) -> SliceEntry:
    until = terms.tiers[one.tier].until
    owed = None if one.owed is None else in_exact_units(one.owed, terms.currency)
    return SliceEntry(
        tier=one.tier + 1,
        until=until.name if until else None,
        owed=owed,
        amount=in_units(one.minor, terms.currency),
        parts=_parts(one.parts, terms.currency),
    )


def in_exact_units(minor: Fraction, currency: str) -> str:
    """A fraction of minor units: as decimal text where it is a whole number of them, else as a fraction beside that."""
    whole = in_units(round(minor), currency)
    return whole if minor.denominator == 1 else f"{whole} (rounded from {minor} minor units)"


def _parts(parts: dict[str, int], currency: str) -> tuple[PartEntry, ...]:
    return tuple(PartEntry(party=party, amount=in_units(minor, currency)) for party, minor in parts.items())


def _flows(tranches: Sequence[TrancheDocument], rung: str, currency: str) -> list[_Flow]:
    """What came onto a rung and left it again, of the tranches that count there: as the ledger sums them."""
    counting = on(board({tranche.key: tranche.holding for tranche in tranches}), rung, currency)
    return [flow for tranche in tranches if tranche.key in counting for flow in _of_tranche(tranche, rung, currency)]


def _of_tranche(tranche: TrancheDocument, rung: str, currency: str) -> Iterator[_Flow]:
    there = 0
    for step in tranche.steps:
        if step.amount is None or unit_of(step.amount) != currency:
            continue
        minor = step.amount.minor
        if step.rung == rung:
            minor = -minor if step.step == "Returned" else minor - there
        elif step.step.lower() != rung:
            continue
        there += minor
        yield _Flow(date.fromisoformat(first_date(step.basis.takes_effect)), step.party, minor)


def _by_party(flows: Sequence[_Flow]) -> dict[str, int]:
    """What each party has paid in, less what came back to it; nothing where it is not told of all money whose it is."""
    drawn: dict[str, int] = defaultdict(int)
    for flow in flows:
        if flow.party is None:
            return {}
        drawn[flow.party] += flow.minor
    return dict(drawn)
