"""The tariff schedule: which rate is levied on which goods on a day, and the steps that lead to it.

Every rate is a provision. Of those of one legal basis that cover the goods one counts: inside a quota before
all, then the one on narrower goods, on goods of one origin, and the later one. The bases then go together in
a fixed order, one that replaces another in its place, each by its own stacking rule, so that nothing depends on the
order in which they were told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import combinations, product
from typing import NamedTuple

from application.goods import AskedGoods, Match, asked_goods, match, with_codes
from application.levied import LeviedRate, all_agreements, all_tariffs, names_of, not_between, rates
from application.projections.negotiations import NegotiationDocument
from application.reckoning import Survey
from application.view import Basis
from domain.fact import Fact
from domain.moment import order
from domain.tariff import BASES, Levy, Specific, Tariff
from domain.tariff import in_words as rate_in_words


class TariffStep(Fact, omit_defaults=False, frozen=True):
    """One rate that counts: what it makes of the rate so far, and the provision and record that say so.

    Of two of which it depends on the worth of the goods which is higher, the result is not known.
    """

    basis: str
    percent: str
    specific: tuple[Specific, ...]
    stacking: str
    result: str | None
    result_specific: tuple[Specific, ...]
    provision: str
    says: str
    record: Basis | None


class SetAside(Fact, omit_defaults=False, frozen=True):
    """A rate that does not count, and why."""

    basis: str
    percent: str
    specific: tuple[Specific, ...]
    provision: str
    why: str


class TariffEntry(Fact, omit_defaults=False, frozen=True):
    """The rate on some goods, and beside it the `specific` duties on them. It is none where it rests on a rate that is
    not on record: then it is `at_least` so much.

    No product stands for goods on which there is no rate of their own.
    """

    product: str | None
    codes: tuple[str, ...]
    levied_by: str | None
    origin: str | None
    quota: str | None
    rate: str | None
    at_least: str | None
    specific: tuple[Specific, ...]
    says: str
    steps: tuple[TariffStep, ...]
    set_aside: tuple[SetAside, ...]


class Asked(NamedTuple):
    """Which rates are asked for: without a product, those on everything that the schedule names."""

    product: str | None = None
    edition: str | None = None
    levied_by: str | None = None
    origin: str | None = None


class _Matched(NamedTuple):
    rate: LeviedRate
    match: Match


class _Quota(NamedTuple):
    name: str
    side: str


class _Lane(NamedTuple):
    """Who levies a rate on goods of whom, on which side of each quota. Either goes also under the names of those whom
    it represents.
    """

    levied_by: str | None
    origin: str | None
    quotas: tuple[_Quota, ...]
    levying: tuple[str, ...]
    origins: tuple[str, ...]

    def takes(self, tariff: Tariff) -> bool:
        """Whether a rate is levied by the one on goods of the other."""
        levied = tariff.levied_by is None or tariff.levied_by in self.levying
        return levied and (tariff.origin is None or tariff.origin in self.origins)

    def lacks(self, rate: LeviedRate) -> str | None:
        """Why the agreement that says a rate is not in effect between the two, if it is not."""
        return not_between(rate, self.levying, self.origins)


def schedule(survey: Survey, asked: Asked) -> list[TariffEntry]:
    """The rates on the day, in the order of the goods' names. Raises `Refused` where there are no such goods."""
    later = all_agreements(survey)
    parties = [party for one in survey.documents_later(NegotiationDocument) for party in one.parties]
    names = names_of(parties)
    traders = [party.key for party in parties if party.kind in {"state", "union"} and party.role == "party"]
    offices = {party.key for party in parties if party.kind == "office"}
    on_record, known = list(rates(survey, later, names, offices)), all_tariffs(later)
    spelled_out = with_codes(known)
    found = []
    for goods in asked_goods(known, asked.product, asked.edition):
        matched = [_Matched(rate, match(rate.tariff, goods, spelled_out)) for rate in on_record]
        found += [_entry(goods, lane, matched) for lane in _lanes(matched, asked, names, traders)]
    return found


def _lanes(
    matched: Sequence[_Matched], asked: Asked, names: Mapping[str, tuple[str, ...]], traders: Sequence[str]
) -> list[_Lane]:
    """Every way in which the rates on some goods can be levied, within what is asked.

    Where some rates are on goods of one origin and others on those of all, every party that trades has its own, but
    for who is no party of the agreements that say those.
    """
    told = [one.rate for one in matched if one.match.narrow >= 0]
    tariffs = [rate.tariff for rate in told]
    by: Sequence[str | None] = (
        [asked.levied_by] if asked.levied_by else _each(tariff.levied_by for tariff in tariffs) or [None]
    )
    origins = _each(tariff.origin for tariff in tariffs)
    if origins and any(tariff.origin is None for tariff in tariffs):
        origins = _each([*origins, *traders])
    of: Sequence[str | None] = [asked.origin] if asked.origin else origins or [None]

    def lane(levied_by: str | None, origin: str | None) -> _Lane:
        called = [names.get(party, (party,)) if party else () for party in (levied_by, origin)]
        return _Lane(levied_by, origin, (), *called)

    def is_named(one: _Lane) -> bool:
        return any(one.takes(tariff) and tariff.origin == one.origin for tariff in tariffs)

    def taken_in(one: _Lane) -> list[Tariff]:
        is_asked = one.origin == asked.origin or is_named(one)
        return [rate.tariff for rate in told if one.takes(rate.tariff) and (is_asked or not one.lacks(rate))]

    lanes = [lane(levied_by, origin) for levied_by, origin in product(by, of)]
    lanes = [one for one in lanes if is_named(one) or not {*one.levying} & {*one.origins}]
    return [
        one._replace(quotas=quotas)
        for one in lanes
        if (taken := taken_in(one))
        for quotas in _sides(taken)
        if any(_is_on_side(tariff, quotas) for tariff in taken)
    ] or [lane(asked.levied_by, asked.origin)]


def _each(told: Iterable[str | None]) -> list[str]:
    return sorted(set(filter(None, told)))


def _sides(tariffs: Iterable[Tariff]) -> Iterable[tuple[_Quota, ...]]:
    """Every way in which goods can lie inside and outside the quotas of some rates."""
    names = _each(tariff.quota.name for tariff in tariffs if tariff.quota)
    return product(*([_Quota(name, side) for side in ("inside", "outside")] for name in names))


def _entry(goods: AskedGoods, lane: _Lane, matched: Sequence[_Matched]) -> TariffEntry:
    aside: list[SetAside] = []
    counting: dict[str, list[_Matched]] = defaultdict(list)
    unknown: list[str] = []
    for one in matched:
        rate, found = one
        if not lane.takes(rate.tariff) or not _is_on_side(rate.tariff, lane.quotas):
            continue
        not_levied = rate.against or lane.lacks(rate)
        if found.against and not not_levied:
            unknown.append(f"another rate may count, as {found.against}")
        against = found.against or (not_levied if found.narrow >= 0 else None)
        if against:
            aside.append(_set_aside(rate, against))
        elif found.narrow >= 0:
            counting[rate.tariff.basis].append(one)
    chosen = _chosen(counting, lane.origins, aside)
    unknown += _unsettled(chosen)
    steps = _stacked(chosen)
    has_base = BASES[0] in counting or any(BASES[0] in rate.tariff.replaces for rate in chosen)
    based = not steps or has_base or any(map(_settles, steps))
    total = steps[-1].result if steps and not unknown else None
    return TariffEntry(
        product=goods.called,
        codes=tuple(code for code, _ in goods.codes),
        levied_by=lane.levied_by,
        origin=lane.origin,
        quota=", ".join(_quota_in_words(quota, matched) for quota in lane.quotas) or None,
        rate=total if based else None,
        at_least=None if based else total,
        specific=steps[-1].result_specific if total else (),
        says=f"not known: {unknown[0]}" if unknown else _in_words(steps, has_base),
        steps=tuple(steps),
        set_aside=tuple(sorted(aside, key=lambda one: (_place_of_basis(one.basis), one.provision))),
    )


def _quota_in_words(quota: _Quota, matched: Iterable[_Matched]) -> str:
    told = (one.rate.tariff.quota for one in matched)
    volumes = {one.volume for one in told if one and one.name == quota.name and one.volume}
    return f"{quota.side} {quota.name}{f' ({min(volumes)})' if volumes else ''}"


def _chosen(counting: dict[str, list[_Matched]], origins: tuple[str, ...], aside: list[SetAside]) -> list[LeviedRate]:
    """The rate of each basis that counts, in the order of the bases; the others are set aside."""
    chosen: dict[str, LeviedRate] = {}
    for basis in sorted(counting, key=_place_of_basis):
        *others, best = sorted(counting[basis], key=partial(_precedence, origins))
        chosen[basis] = best.rate
        aside += [_set_aside(other.rate, _goes_before(best, other, origins)) for other in others]
    yielding = _yielding({basis: _before(basis, chosen) for basis in chosen})
    for basis, before in yielding.items():
        yields = before in chosen[basis].tariff.yields_to
        why = f"it yields to {before}" if yields else f"{chosen[before].provision} takes its place"
        aside.append(_set_aside(chosen[basis], why))
    staying = sorted((rate for basis, rate in chosen.items() if basis not in yielding), key=_place_of)
    first = max((n for n, rate in enumerate(staying) if rate.tariff.stacking == "replace"), default=0)
    aside += [_set_aside(rate, f"{staying[first].provision} takes its place") for rate in staying[:first]]
    return staying[first:]


def _before(basis: str, chosen: Mapping[str, LeviedRate]) -> tuple[str, ...]:
    """The bases to which one gives way: those to which it yields, those that replace it, and of those that replace the
    same as it does, and that it does not replace itself, the one with the lower rate.
    """
    own = chosen[basis].tariff
    replacing = [name for name, rate in chosen.items() if basis in rate.tariff.replaces]
    lower = [name for name, rate in chosen.items() if name not in own.replaces and _is_lower(rate.tariff, own)]
    return (*own.yields_to, *replacing, *lower)


def _is_lower(one: Tariff, other: Tariff) -> bool:
    if not _replace_the_same(one, other) or not one.levy.is_within(other.levy):
        return False
    return one.basis < other.basis or not other.levy.is_within(one.levy)


def _replace_the_same(one: Tariff, other: Tariff) -> bool:
    return one.basis != other.basis and not {*one.replaces}.isdisjoint(other.replaces)


def _unsettled(chosen: Sequence[LeviedRate]) -> list[str]:
    """The rates that replace the same, of which it depends on the worth of the goods which is lower."""
    pairs = [pair for pair in combinations(chosen, 2) if _replace_the_same(*(one.tariff for one in pair))]
    return [f"{one.provision} or {other.provision} takes the place of the same" for one, other in pairs]


def _yielding(yields_to: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The bases that give way, each with one that stays and to which it yields. Of a circle the first stays."""
    staying: list[str] = []
    yielding: dict[str, str] = {}
    waiting = list(yields_to)
    while waiting:
        before = {basis: [o for o in yields_to[basis] if o != basis and o in yields_to] for basis in waiting}
        free = [basis for basis in waiting if all(other in yielding for other in before[basis])]
        staying += free or [next(basis for basis in waiting if _is_in_circle(basis, before))]
        yielding |= {b: o for b in waiting if b not in staying for o in before[b] if o in staying}
        waiting = [basis for basis in waiting if basis not in staying and basis not in yielding]
    return yielding


def _is_in_circle(basis: str, before: Mapping[str, Sequence[str]]) -> bool:
    """Whether a basis gives way to one that gives way, in the end, to itself."""
    reached, to_go = set[str](), [*before[basis]]
    while to_go:
        one = to_go.pop()
        if one not in reached:
            reached.add(one)
            to_go += before.get(one, ())
    return basis in reached


def _is_on_side(tariff: Tariff, quotas: Sequence[_Quota]) -> bool:
    return tariff.quota is None or (tariff.quota.name, tariff.quota.side) in quotas


def _set_aside(rate: LeviedRate, why: str) -> SetAside:
    tariff = rate.tariff
    return SetAside(
        basis=tariff.basis, percent=tariff.percent, specific=tariff.specific, provision=rate.provision, why=why
    )


def _goes_before(best: _Matched, other: _Matched, origins: tuple[str, ...]) -> str:
    pairs = zip(_precedence(origins, best), _precedence(origins, other), _PRECEDENCE, strict=True)
    return f"{best.rate.provision} goes before it: {next((why for one, two, why in pairs if one != two), 'by name')}"


def _place_of(rate: LeviedRate) -> tuple[int, str]:
    return min(map(_place_of_basis, (rate.tariff.basis, *rate.tariff.replaces)))


def _place_of_basis(basis: str) -> tuple[int, str]:
    return (BASES.index(basis) if basis in BASES else len(BASES)), basis


def _precedence(origins: tuple[str, ...], one: _Matched) -> tuple[object, ...]:
    """Sorts what counts last: the narrower, and of those the one that began later, by its condition or as it was told.
    A name decides where nothing else does.
    """
    tariff, basis = one.rate.tariff, one.rate.entry.told
    told = (order(basis.takes_effect), order(basis.occurred)) if basis else ("", "")
    began = order(one.rate.since) if one.rate.since else told[0]
    near = -origins.index(tariff.origin) if tariff.origin else -len(origins)
    return tariff.quota is not None, one.match.narrow, near, began, *told, one.rate.provision


_PRECEDENCE = (
    "it is on that side of a quota",
    "it is on narrower goods",
    "it is on goods of a nearer origin",
    "it is the later one",
    "it was told to take effect later",
    "it was told of a later day",
    "by name",
)
"""In words what `_precedence` compares."""


def _stacked(chosen: Sequence[LeviedRate]) -> list[TariffStep]:
    steps: list[TariffStep] = []
    total: Levy | None = Levy(Decimal(0), {})
    for rate in chosen:
        tariff = rate.tariff
        begins = not steps and BASES[0] in (tariff.basis, *tariff.replaces)
        total = _with(total, tariff.levy, "add" if begins and tariff.stacking == "lower" else tariff.stacking)
        steps.append(
            TariffStep(
                basis=tariff.basis,
                percent=tariff.percent,
                specific=tariff.specific,
                stacking=tariff.stacking,
                result=f"{total.percent:f}" if total else None,
                result_specific=total.told if total else (),
                provision=rate.provision,
                says=rate.why,
                record=rate.entry.told,
            )
        )
    return steps


def _with(total: Levy | None, levy: Levy, stacking: str) -> Levy | None:
    """What one rate makes of those before it; none where that depends on the worth of the goods."""
    if stacking == "replace" or total is None:
        return levy if stacking == "replace" else None
    if stacking == "add":
        return total.plus(levy)
    if levy.is_within(total):
        return total if stacking == "higher" else levy
    if total.is_within(levy):
        return levy if stacking == "higher" else total
    return None


def _settles(step: TariffStep) -> bool:
    """Whether the rate is known after a step, whatever was before: it was replaced, or no less than a ceiling."""
    told = step.result and (Decimal(step.result), step.result_specific) == (Decimal(step.percent), step.specific)
    return step.stacking == "replace" or (step.stacking == "lower" and bool(told))


def _in_words(steps: Sequence[TariffStep], has_base: bool) -> str:
    if not steps:
        return "no rate on these goods is on record"
    told, kind = "" if has_base else "a most-favoured-nation rate that is not on record", "one"
    for step in steps:
        rate = f"{rate_in_words(step.percent, step.specific)} {step.basis}"
        if not told or step.stacking == "replace":
            told, kind = rate, "one"
        elif step.stacking in {"higher", "lower"}:
            told, kind = f"the {step.stacking} of {told if kind == 'one' else f'({told})'} and {rate}", "choice"
        else:
            told, kind = f"{f'({told})' if kind == 'choice' else told}, plus {rate}", "sum"
    return told
