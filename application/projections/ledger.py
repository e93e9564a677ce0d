"""The ledger: what stands on each rung of all tranches together, what is left, and how the caps are used.

Sums are within one rung and one unit: a currency, or a currency by the year.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec.structs import asdict, replace

from application.ladder import (
    CALLED,
    INVESTED,
    PROPOSED,
    RUNGS,
    TAKEN_UP,
    Board,
    Line,
    Sum,
    board,
    on_day,
    rate_of,
    sum_of,
    total,
    wholes,
)
from application.reckoning import Reckoner
from application.tally import FURTHEST, CapTold, Promises, Tally, cap_years, concerns, overs, past, promises, taken
from application.view import AtOnce, Basis, Document, Index, Private, Record, View
from domain.agreement import Agreement
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import surely_before
from domain.negotiation import Negotiation
from domain.provision import Provision, is_over
from domain.text import until
from domain.tranche import Tranche


class RungEntry(Fact, omit_defaults=False, frozen=True):
    """One rung. `known` is false where nothing is on record: that is not zero.

    Of what is `without_amount` it is not told how much. What stands `within` another amount is not counted again.
    `new_money` is what was not promised before, for each unit in which every amount says so; `untold` are the tranches
    that do not. What was `returned` is not in the sums: together they are what came in all. Of amounts by the year, or
    by another time, those that run on the day are added; what begins later is `to_come`, and what has ended is `past`.
    """

    rung: str
    known: bool
    sums: tuple[Sum, ...]
    tranches: tuple[str, ...]
    within: tuple[str, ...] = ()
    without_amount: tuple[str, ...] = ()
    new_money: tuple[Sum, ...] = ()
    untold: tuple[str, ...] = ()
    returned: tuple[Sum, ...] = ()
    to_come: tuple[Sum, ...] = ()
    past: tuple[Sum, ...] = ()


class Left(Sum, omit_defaults=False, kw_only=True, frozen=True):
    """What is left of what a `tranche` promises on the rung `of` and is not `selected`, `contracted` or `drawn` yet. It
    stands for the most part on the `rung` among those, the nearest of several.

    No rung: nothing of it is on record there. No tranche: it is left of all promises on that rung together, as it is
    not told of which some of the money comes. `not_compared` are units in which more has come of it. A promise `within`
    another is a part of that amount. Of a promise that is completed nothing is left. An amount by the year is told with
    the days on which it begins and ends, whether it runs on the day or not.
    """

    tranche: str | None
    within: str | None
    of: str
    rung: str | None
    not_compared: tuple[str, ...] = ()


class TakeUp(Fact, omit_defaults=False, frozen=True):
    """How much of all that is promised on the rung `of` has come to a rung: in per cent, rounded half to even to two
    decimals.
    """

    currency: str
    per: str | None
    rung: str
    of: str
    percent: str
    begins: str | None = None
    until: str | None = None


class CapYearEntry(Fact, omit_defaults=False, frozen=True):
    """How a cap is used in a calendar year of its zone, or in all: `headroom` is below 0 where more came, also before
    the cap limited anything, and none where it limits nothing.
    """

    year: str | None
    reached: Sum
    headroom: Sum | None


class CapEntry(Fact, omit_defaults=False, frozen=True):
    """A cap. Money in other currencies is not compared with it.

    It limits nothing where its provision does not apply on the day, and says `why`. Conditions of the provision are not
    looked at. `until` is its last day.
    """

    provision: str
    on: str
    allowed: Sum
    zone: str
    tranche: str | None
    status: str
    years: tuple[CapYearEntry, ...]
    not_compared: tuple[Sum, ...]
    basis: Basis
    suspended_until: str | None = None
    until: str | None = None
    applies: bool = True
    why: str = ""


class OverEntry(Fact, omit_defaults=False, frozen=True):
    """What is over a promise or a cap, and the last record that made it so: of a cap one that came while it applied."""

    ceiling: str
    rung: str
    year: str | None
    over: Sum
    tranche: str
    basis: Basis


class LedgerDocument(Document, frozen=True):
    """The ladder of a negotiation.

    `left` is what is pledged or committed (a tranche's commitment takes the place of its pledge) and has not come
    yet, of each promise in its unit. `candidates` is what is proposed, and neither selected nor rejected.
    """

    rungs: tuple[RungEntry, ...] = ()
    candidates: RungEntry = RungEntry(rung=PROPOSED, known=False, sums=(), tranches=())
    called: RungEntry = RungEntry(rung=CALLED, known=False, sums=(), tranches=())
    left: tuple[Left, ...] = ()
    take_up: tuple[TakeUp, ...] = ()
    caps: tuple[CapEntry, ...] = ()
    over: tuple[OverEntry, ...] = ()
    tally: Private[Tally] = Tally()
    last_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    if concerns(event) or isinstance(event, Negotiation.Opened):
        yield "ledger"


def evolve_all(document: LedgerDocument | None, records: Sequence[Record], key: str) -> LedgerDocument:
    """Every tranche climbs for itself; what is on each rung is then summed once."""
    envelope = records[-1].event.envelope
    tally = taken(document.tally if document else Tally(), records)
    standing = board(tally.holdings)
    promised = promises(tally, standing)
    return LedgerDocument(
        negotiation=envelope.negotiation,
        key=key,
        **_rungs(tally, standing),
        left=tuple(left for promise in promised for left in _left(promise)),
        take_up=tuple(take_up for promise in promised for take_up in _take_up(promise)),
        caps=tuple(_cap(provision, told, tally, standing) for provision, told in sorted(tally.caps.items())),
        over=tuple(
            OverEntry(
                ceiling=one.ceiling, rung=one.rung, year=one.year, over=one.over, tranche=one.tranche, basis=one.last
            )
            for one in overs(tally, standing, promised)
        ),
        tally=tally,
        last_occurred=envelope.occurred,
    )


def narrowed(document: LedgerDocument, tranche: str, day: date) -> LedgerDocument:
    """The ledger on a day with what is on the rungs of a tranche and of all its parts alone."""
    holdings = document.tally.holdings
    own = {key: held for key, held in holdings.items() if tranche in (key, *wholes(key, holdings))}
    tally = replace(document.tally, holdings=own)
    return _running(replace(document, tally=tally, **_rungs(tally, board(own))), day)


def _rungs(tally: Tally, standing: Board) -> dict[str, Any]:
    """What stands on each rung, and beside the rungs, by the fields of the ledger."""
    return {
        "rungs": tuple(_rung(rung, tally, standing) for rung in RUNGS),
        "candidates": _rung(PROPOSED, tally, standing),
        "called": _rung(CALLED, tally, standing),
    }


def _rung(rung: str, tally: Tally, standing: Board) -> RungEntry:
    on_rung = [key for key, holding in tally.holdings.items() if rung in holding.lines]
    lines = dict(sorted(standing.get(rung, {}).items()))
    counting = set[str]().union(*lines.values())
    told = lines if rung in _TELL_PRIOR else {}
    new = {unit: [_new(key, rung, unit, tally, found) for key in found] for unit, found in told.items()}
    untold = {key for unit, found in told.items() for key, part in zip(found, new[unit], strict=True) if part is None}
    return RungEntry(
        rung=rung,
        known=bool(on_rung),
        sums=tuple(total(found, unit) for unit, found in lines.items()),
        tranches=tuple(key for key in on_rung if key in counting),
        within=tuple(key for key in on_rung if key not in counting and tally.holdings[key].lines[rung]),
        without_amount=tuple(key for key in on_rung if not tally.holdings[key].lines[rung]),
        new_money=tuple(
            sum_of(unit, sum(filter(None, parts)), total(told[unit], unit).qualifiers)
            for unit, parts in new.items()
            if None not in parts
        ),
        untold=tuple(key for key in on_rung if key in untold),
        returned=tuple(
            sum_of(unit, back) for unit, found in lines.items() if (back := sum(one.returned for one in found.values()))
        ),
    )


_TELL_PRIOR = ("interest", "pledge", "commitment")


def _new(key: str, rung: str, unit: str, tally: Tally, standing: Mapping[str, Line]) -> int | None:
    """What of a tranche's amount was not promised before, in minor units; none where that is not told.

    What it includes is taken from it, unless it says how much that is.
    """
    line, included = standing[key], tally.holdings[key].includes
    if line.prior is not None and not (included and line.prior == 0):
        return line.minor - line.prior
    if not included:
        return None
    lines = [tally.holdings[part].lines.get(rung, {}).get(unit) for part in set(included) if part in tally.holdings]
    told = [known.minor for known in lines if known]
    left = line.minor - sum(told)
    return left if len(told) == len(set(included)) and left >= 0 else None


def _left(promises: Promises) -> Iterator[Left]:
    for tranche, apart in promises.apart(promises.every, *INVESTED, FURTHEST):
        lines_of = apart.get if tranche else promises.reached
        came = {rung: lines for rung in INVESTED if (lines := lines_of(rung))}
        rung = max(came, key=lambda rung: sum(line.minor for line in came[rung].values()), default=None)
        yield Left(
            **asdict(promises.left(tranche, lines_of(FURTHEST) or {})),
            tranche=tranche,
            within=promises.within(tranche),
            of=promises.rung,
            rung=rung,
            not_compared=tuple(
                sorted(set[str]().union(*(promises.others.get(key, ()) for key in promises.of(tranche))))
            ),
        )


def _take_up(promises: Promises) -> Iterator[TakeUp]:
    whole = total(promises.lines, promises.unit)
    for rung in TAKEN_UP:
        lines = promises.reached(rung)
        if lines and whole.minor:
            hundredths = round(Fraction(total(lines, whole.unit).minor * 10_000, whole.minor))
            percent = f"{Decimal(hundredths).scaleb(-2):f}"
            yield TakeUp(
                currency=whole.currency,
                per=whole.per,
                rung=rung,
                of=promises.rung,
                percent=percent,
                begins=whole.begins,
                until=whole.until,
            )


def _cap(provision: str, told: CapTold, tally: Tally, standing: Board) -> CapEntry:
    cap = told.cap
    allowed = sum_of(cap.amount.currency, cap.amount.minor)
    years = cap_years(tally, cap)
    under = years[0].under.values() if years else ()
    others = {unit: lines for unit, lines in standing.get(cap.on, {}).items() if unit != cap.amount.currency}
    return CapEntry(
        provision=provision,
        on=cap.on,
        allowed=allowed,
        zone=cap.zone,
        tranche=cap.tranche,
        status="suspended" if tally.suspends(provision, under) else "part",
        years=tuple(CapYearEntry(year=one.year, reached=one.reached, headroom=one.headroom) for one in years),
        not_compared=tuple(total(lines, unit) for unit, lines in sorted(others.items())),
        basis=told.basis,
        suspended_until=tally.suspended.get(provision),
        until=tally.until(provision),
        why=tally.against(provision) or "",
    )


def reckoned(document: LedgerDocument, reckoner: Reckoner) -> LedgerDocument:
    """The ledger with what runs on the day, and with the caps that limit something then."""
    document = _running(document, reckoner.day)
    return replace(document, caps=tuple(_limiting(cap, reckoner) for cap in document.caps))


def _running(document: LedgerDocument, day: date) -> LedgerDocument:
    return replace(
        document,
        rungs=tuple(_runs(entry, day) for entry in document.rungs),
        candidates=_runs(document.candidates, day),
        called=_runs(document.called, day),
    )


def _runs(entry: RungEntry, day: date) -> RungEntry:
    """What is on a rung on a day; what is new of it only where that is told of all that runs."""
    if not any(one.begins or one.until for one in entry.sums):
        return entry
    sums, to_come, past = on_day(entry.sums, day)
    told = {one.unit for one in entry.new_money}
    vague = {rate_of(one) for one in entry.sums if one not in to_come and one not in past and one.unit not in told}
    new = tuple(one for one in on_day(entry.new_money, day).running if one.unit not in vague)
    returned = on_day(entry.returned, day).running
    return replace(entry, sums=sums, to_come=to_come, past=past, new_money=new, returned=returned)


def _limiting(cap: CapEntry, reckoner: Reckoner) -> CapEntry:
    status = "part" if is_over(cap.suspended_until, reckoner.asked) else cap.status
    why = cap.why
    if status == "suspended":
        why = f"it is suspended {until(cap.suspended_until)}".rstrip()
    elif cap.until and surely_before(cap.until, reckoner.asked):
        why = past(cap.until)
    years = tuple(replace(year, headroom=None) for year in cap.years) if why else cap.years
    return replace(cap, status=status, years=years, applies=not why, why=why)


def index(document: LedgerDocument) -> Index:
    return Index(when=document.last_occurred)


VIEW = View(
    "ledger",
    LedgerDocument,
    keys,
    AtOnce(evolve_all),
    index,
    listed="alone",
    of=(Negotiation, Agreement, Provision, Tranche),
    reckoned=reckoned,
)
