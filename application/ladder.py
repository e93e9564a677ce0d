"""The ladder of an investment: how much of each tranche stands on each rung, and what that comes to in all.

Sums are only ever taken within one rung and one currency. On the first four rungs a newer amount takes
the place of the older; calls, contracts, draws and distributions add up. A rung without a record is
unknown, which is not zero. What is proposed is on no rung yet: it is a candidate until it is selected, or
is not. What is cancelled leaves the rungs that are promises; what was contracted, drawn or distributed was.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from application.view import Basis, Record
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import first_date, instant, is_instant, year_of
from domain.money import Money, days_of, in_units
from domain.tranche import FirstStep, Rung, Tranche

RUNGS: tuple[str, ...] = get_args(Rung)
PROPOSED = "proposed"
CALLED = "called"
PROMISED = ("pledge", "commitment")
COMMITTED = "committed"
"""The step of a pledge that holds a party as a contract does."""
INVESTED = ("selected", "contracted", "drawn")
TAKEN_UP = (*INVESTED, "distributed")
"""The rungs of a promise; those that money takes on the way that was promised; and all on which it is taken up."""
_REPLACED = ("interest", *PROMISED, "selected", PROPOSED)
"""Where a newer amount takes the place of the older; what is cancelled stands there no longer."""
_REPLACES: dict[type[DomainEvent], str] = {
    Tranche.InterestRegistered: "interest",
    Tranche.Proposed: PROPOSED,
    Tranche.Selected: "selected",
}
_ADDS: dict[type[DomainEvent], str] = {
    Tranche.CapitalCalled: CALLED,
    Tranche.Contracted: "contracted",
    Tranche.Drawn: "drawn",
    Tranche.Distributed: "distributed",
}


class Sum(Fact, omit_defaults=False, frozen=True):
    """Money on one rung: `qualifiers` are those, other than exactly, under which parts of it were told.

    An amount `per` a time can begin on a day, and run `until` another, its last.
    """

    currency: str
    amount: str
    minor: int
    per: str | None = None
    begins: str | None = None
    until: str | None = None
    qualifiers: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What has to be the same before two sums can be compared."""
        return unit_of(self)

    def less(self, other: "Sum") -> "Sum":
        """What is left of the sum without another of the same unit."""
        return sum_of(self.unit, self.minor - other.minor, {*self.qualifiers, *other.qualifiers})


class Dated(Fact, omit_defaults=False, frozen=True):
    """Money that came on one day, in minor units, and the last record that brought some of it."""

    minor: int
    last: Basis


class Line(Fact, frozen=True):
    """One tranche's money on one rung in one unit: in minor units, in all and by the day on which it came.

    Near a new year the instant stands in place of the day, as the year depends on the zone. `prior` is how much of
    it was promised before, where that is told; `returned` is what has been taken from it again.
    """

    minor: int
    days: dict[str, Dated]
    qualifiers: tuple[str, ...] = ()
    prior: int | None = None
    returned: int = 0

    @property
    def gross(self) -> int:
        """What came in all, before any of it was returned."""
        return self.minor + self.returned


class Holding(Fact, frozen=True):
    """One tranche on the ladder: its lines by rung and unit, the whole that it is part of, what it includes; whether
    what it promised was cancelled, and it is completed or revolving; the first of each of its `steps`, by their names.
    """

    lines: dict[str, dict[str, Line]] = {}
    part_of: str | None = None
    includes: tuple[str, ...] = ()
    cancelled: bool = False
    completed: bool = False
    revolving: bool = False
    steps: dict[str, Basis] = {}

    @property
    def is_repaid(self) -> bool:
        """Whether money was drawn, and all of it was returned."""
        drawn = self.lines.get("drawn", {}).values()
        return any(line.returned for line in drawn) and all(line.minor <= 0 for line in drawn)


def sum_of(unit: str, minor: int, qualifiers: Iterable[str] = ()) -> Sum:
    """Minor units of a unit, such as `USD`, `USD/year` or `USD/year/2025-01-01/2027-12-31`, as a sum."""
    currency, per, begins, until = [*unit.split("/"), *[""] * 3][:4]
    return Sum(
        currency=currency,
        amount=in_units(minor, currency),
        minor=minor,
        per=per or None,
        begins=begins or None,
        until=until or None,
        qualifiers=tuple(sorted(set(qualifiers))),
    )


Rungs = dict[str, tuple[Sum, ...]]


def rungs_of(holding: Holding) -> Rungs:
    """What stands on each rung of one tranche."""
    return {
        rung: tuple(sum_of(unit, line.minor, line.qualifiers) for unit, line in sorted(lines.items()))
        for rung, lines in holding.lines.items()
    }


def returned_of(holding: Holding) -> Rungs:
    """What was paid back of what stood on each rung of one tranche."""
    found = {
        rung: tuple(sum_of(unit, line.returned) for unit, line in sorted(lines.items()) if line.returned)
        for rung, lines in holding.lines.items()
    }
    return {rung: sums for rung, sums in found.items() if sums}


def climb(holding: Holding, record: Record) -> Holding:
    """One tranche after a record of a step of it."""
    event = record.event
    kind = type(event)
    steps = holding.steps
    if new := [name for name in _names(event) if name not in steps or _comes_first(event, steps[name])]:
        holding = replace(holding, steps=steps | dict.fromkeys(new, Basis.of(record)))
    if isinstance(event, FirstStep):
        if event.part_of or event.includes:
            holding = replace(
                holding, part_of=event.part_of or holding.part_of, includes=event.includes or holding.includes
            )
        rung = event.rung if isinstance(event, Tranche.Pledged) else _REPLACES[kind]
        lines = without_proposal(holding.lines) if rung == "selected" else holding.lines
        if event.amount:
            lines = {**lines, rung: {unit_of(event.amount): _line(record, event.amount, _prior(event))}}
        elif rung not in lines:  # it stands there, for how much is not told
            lines = {**lines, rung: {}}
        if isinstance(event, Tranche.Pledged) and event.revolving is not None:
            holding = replace(holding, revolving=event.revolving)
        if lines is holding.lines and not holding.completed:
            return holding
        return replace(holding, lines=lines, cancelled=False, completed=False)
    if kind in _ADDS:
        return _added(holding, _ADDS[kind], record, event.amount, 1)  # type: ignore[attr-defined]
    match event:
        case Tranche.Returned():
            return _added(holding, event.rung, record, event.amount, -1)
        case Tranche.Resized() if event.rung in _REPLACED:
            line = _line(record, event.amount, None)
            return replace(holding, lines={**holding.lines, event.rung: {unit_of(event.amount): line}})
        case Tranche.Resized():
            known = holding.lines.get(event.rung, {}).get(unit_of(event.amount))
            return _added(holding, event.rung, record, event.amount, 1, known)
        case Tranche.Rejected():
            return replace(holding, lines=without_proposal(holding.lines))
        case Tranche.Cancelled():
            lines = {k: v for k, v in holding.lines.items() if k not in _REPLACED}
            return replace(holding, lines=lines, cancelled=True)
        case Tranche.Completed():
            return replace(holding, completed=True)
    return holding


def _comes_first(event: DomainEvent, known: Basis) -> bool:
    """Whether a step takes the place of the first of its name, as it is told of the same day and more precisely."""
    told, before = event.envelope.occurred[:10], known.occurred[:10]
    return len(told) > len(before) and first_date(told) == first_date(before)


def _names(event: DomainEvent) -> tuple[str, ...]:
    is_commitment = isinstance(event, Tranche.Pledged) and event.rung == "commitment"
    return (event.TOPIC, COMMITTED) if is_commitment else (event.TOPIC,)


def without_proposal(lines: dict[str, dict[str, Line]]) -> dict[str, dict[str, Line]]:
    """The lines without what was proposed."""
    return {rung: line for rung, line in lines.items() if rung != PROPOSED} if PROPOSED in lines else lines


def unit_of(money: Money | Sum) -> str:
    """What has to be the same before two amounts can be added."""
    if money.begins is None and money.until is None:
        return rate_of(money)
    return "/".join([rate_of(money), *days_of(money.begins, money.until)])


def rate_of(money: Money | Sum) -> str:
    """The unit of an amount on a day on which it runs, whenever it begins and ends."""
    return f"{money.currency}/{money.per}" if money.per else money.currency


def _line(record: Record, money: Money, prior: int | None) -> Line:
    minor = money.minor
    qualifiers = () if money.qualifier == "exactly" else (money.qualifier,)
    dated = Dated(minor=minor, last=Basis.of(record))
    return Line(minor=minor, days={_day(record): dated}, qualifiers=qualifiers, prior=prior)


def _prior(event: FirstStep) -> int | None:
    """The earlier money in an amount that is told as a figure; none where it is not told whether there is any."""
    if event.prior:
        return event.prior.minor
    return 0 if event.includes or event.includes_prior is False else None


def _added(holding: Holding, rung: str, record: Record, money: Money, sign: int, known: Line | None = None) -> Holding:
    """Add to a line, or take from it; `known` is the line whose place the money takes."""
    lines, unit = holding.lines.get(rung, {}), unit_of(money)
    minor = sign * money.minor - (known.minor if known else 0)
    line = lines.get(unit) or Line(minor=0, days={})
    day = _day(record)
    before = line.days.get(day)
    last = before.last if before and minor < 0 else Basis.of(record)
    qualifiers = () if known else line.qualifiers
    if money.qualifier != "exactly" and money.qualifier not in qualifiers:
        qualifiers = (*qualifiers, money.qualifier)
    line = Line(
        minor=line.minor + minor,
        days={**line.days, day: Dated(minor=(before.minor if before else 0) + minor, last=last)},
        qualifiers=qualifiers,
        returned=line.returned + (money.minor if sign < 0 else 0),
    )
    return replace(holding, lines={**holding.lines, rung: {**lines, unit: line}})


def _day(record: Record) -> str:
    """The calendar day on which a record takes effect; the instant itself where the year depends on the zone."""
    moment = record.event.envelope.takes_effect
    return moment[:10] if year_of(moment) else moment


def year_in(zone: str, day: str) -> str:
    """The calendar year in a zone, of a day or an instant."""
    return str(instant(day).astimezone(ZoneInfo(zone)).year) if is_instant(day) else day[:4]


Board = dict[str, dict[str, dict[str, Line]]]
"""The lines of all tranches that count, by rung, unit and tranche."""


def board(holdings: Mapping[str, Holding]) -> Board:
    """What stands on each rung in each unit, each amount once.

    A part does not count where its whole, or what includes it, has an amount there by the same time that runs on any of
    its days: that holds it already. So none counts twice on any day, and a part that runs longer than its whole counts
    on no day.
    """
    found: Board = {}
    for key, holding in holdings.items():
        for rung, lines in holding.lines.items():
            units = found.setdefault(rung, {})
            for unit, line in lines.items():
                units.setdefault(unit, {})[key] = line
    if any(holding.part_of or holding.includes for holding in holdings.values()):
        return {rung: _each_once(units, holdings) for rung, units in found.items()}
    return found


def _each_once(units: dict[str, dict[str, Line]], holdings: Mapping[str, Holding]) -> dict[str, dict[str, Line]]:
    found = {}
    for unit, told in units.items():
        at_once = {key: line for other in meeting(unit, units) for key, line in units[other].items()}
        counting = without_included(at_once, holdings)
        if left := {k: v for k, v in told.items() if k in counting and _holder(k, at_once, holdings) is None}:
            found[unit] = left
    return found


def meeting(unit: str, units: Iterable[str]) -> list[str]:
    """Of some units those of the same rate that run on a day on which this one does."""
    rate, begins, until = period(unit)
    told = [(other, period(other)) for other in units]
    return [other for other, (by, first, last) in told if by == rate and first <= until and begins <= last]


@lru_cache(maxsize=4096)
def period(unit: str) -> tuple[str, str, str]:
    """The rate of a unit, and the first and the last day on which it runs."""
    one = sum_of(unit, 0)
    return rate_of(one), one.begins or date.min.isoformat(), one.until or date.max.isoformat()


def without_included(told: Mapping[str, Line], holdings: Mapping[str, Holding]) -> dict[str, Line]:
    """Some lines without those of what others of them include."""
    held = {part for key in told for part in holdings[key].includes if key not in _included(part, holdings)}
    return {key: line for key, line in told.items() if key not in held}


class AtLeast(NamedTuple):
    """What some tranches have together in minor units, and those whose amounts it is made of."""

    minor: int
    counted: frozenset[str]


def at_least(amounts: Mapping[str, int], holdings: Mapping[str, Holding]) -> AtLeast:
    """Of amounts that may or may not hold those of their parts: what a whole has, or its parts where that is more."""
    parts: dict[str | None, list[AtLeast]] = defaultdict(list)
    for key in sorted(amounts, key=lambda key: _depth(key, holdings), reverse=True):
        own = AtLeast(amounts[key], frozenset([key]))
        held = [own, _together(parts[key])] if key in parts else [own]
        parts[_holder(key, amounts, holdings)].append(max(held, key=lambda one: one.minor))
    return _together(parts[None])


def _together(told: Iterable[AtLeast]) -> AtLeast:
    amounts = list(told)
    return AtLeast(sum(one.minor for one in amounts), frozenset().union(*(one.counted for one in amounts)))


def _depth(key: str, holdings: Mapping[str, Holding]) -> int:
    """Within how many others a tranche is; those that are told to be parts of each other are the outermost."""
    told = wholes(key, holdings)
    return 0 if key in told else len(told)


def on(standing: Board, rung: str, unit: str) -> dict[str, Line]:
    """The lines on a rung in a unit."""
    return standing.get(rung, {}).get(unit, {})


def _included(key: str, holdings: Mapping[str, Holding]) -> tuple[str, ...]:
    return holdings[key].includes if key in holdings else ()


def _holder(key: str, found: Container[str], holdings: Mapping[str, Holding]) -> str | None:
    """The nearest whole of a tranche that is among those found. Of those told to be parts of each other all count."""
    told = wholes(key, holdings)
    return None if key in told else next((whole for whole in told if whole in found), None)


def wholes(key: str, holdings: Mapping[str, Holding]) -> list[str]:
    """All that a tranche is part of, from near to far; itself at last, where it is told to be part of its parts."""
    found: list[str] = []
    whole = holdings[key].part_of
    while whole and whole not in found:
        found.append(whole)
        whole = holdings[whole].part_of if whole in holdings else None
    return found


class OnDay(NamedTuple):
    """Some sums on a day: what runs, all of one rate together, what begins later, and what has ended."""

    running: tuple[Sum, ...]
    to_come: tuple[Sum, ...]
    past: tuple[Sum, ...]


def on_day(sums: Sequence[Sum], day: date) -> OnDay:
    """Of amounts by the year, or by another time, those that run on a day."""
    asked = day.isoformat()
    to_come = tuple(one for one in sums if one.begins and one.begins > asked)
    past = tuple(one for one in sums if one.until and one.until < asked)
    together: dict[str, list[Sum]] = defaultdict(list)
    for one in sums:
        if one not in to_come and one not in past:
            together[rate_of(one)].append(one)
    running = (
        sum_of(rate, sum(one.minor for one in told), [qualifier for one in told for qualifier in one.qualifiers])
        for rate, told in together.items()
    )
    return OnDay(tuple(running), to_come, past)


def total(lines: Mapping[str, Line], unit: str) -> Sum:
    """All the money of some lines of one unit."""
    minor = sum(line.minor for line in lines.values())
    return sum_of(unit, minor, [qualifier for line in lines.values() for qualifier in line.qualifiers])


def in_year(line: Line, year: str | None, zone: str, by: date = date.max) -> list[Dated]:
    """What came of a line in a calendar year of a zone, or in all, by a day, less what went back at any time."""
    return [
        dated
        for told, dated in line.days.items()
        if (year is None or year_in(zone, told) == year) and (dated.minor < 0 or day_of(told) <= by)
    ]


def years_of(lines: Iterable[Line], zone: str) -> list[str]:
    """The calendar years of a zone in which anything came."""
    return sorted({year_in(zone, told) for line in lines for told in line.days})


def day_of(moment: str) -> date:
    """The calendar day of a moment as it was written; of a vague one the first."""
    return date.fromisoformat(first_date(moment))


def paid(told: Iterable[Dated]) -> list[Dated]:
    """Of what came that which did not go back; all of it, where nothing else is left."""
    dated = list(told)
    return [one for one in dated if one.minor >= 0] or dated
