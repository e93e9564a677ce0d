"""The tally: all tranches of a negotiation on the ladder, the caps on them, and what is over."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from application.ladder import (
    INVESTED,
    PROMISED,
    Board,
    Holding,
    Line,
    Sum,
    board,
    climb,
    in_year,
    on,
    sum_of,
    total,
    wholes,
    years_of,
)
from application.view import Basis, Record
from domain.cap import Cap
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import order
from domain.provision import Provision
from domain.tranche import Step


class CapTold(Fact, omit_defaults=False, frozen=True):
    """A cap as its provision has it."""

    cap: Cap
    basis: Basis


class Tally(Fact, frozen=True):
    """What the fold keeps: every tranche, every cap, and the provisions that are suspended."""

    holdings: dict[str, Holding] = {}
    caps: dict[str, CapTold] = {}
    suspended: tuple[str, ...] = ()


class CapYear(NamedTuple):
    """What counts under a cap in one calendar year, or in all where it is not by the year; and what is left.

    `lines` are all that count under it in any year.
    """

    year: str | None
    reached: Sum
    headroom: Sum
    lines: dict[str, Line]


class Promise(NamedTuple):
    """What is promised on one rung in one unit, and the lines that have come of it, by their rung.

    A rung is left out where nothing stands on it, and where it cannot be told of which of two promises some of it is.
    """

    rung: str
    promised: Sum
    reached: dict[str, dict[str, Line]]

    @property
    def invested(self) -> Iterator[tuple[str, Sum]]:
        """What stands on each rung on which money goes the way that was promised, the nearest first."""
        for rung in INVESTED:
            if rung in self.reached:
                yield rung, total(self.reached[rung], self.promised.unit)


class Over(NamedTuple):
    """What goes over a ceiling: which one, on which rung, by how much, in which year, and the record that did it."""

    ceiling: str
    rung: str
    year: str | None
    reached: Sum
    allowed: Sum
    over: Sum
    tranche: str
    last: Basis


def concerns(event: DomainEvent) -> bool:
    """Whether an event changes the tally."""
    match event:
        case Step() | Provision.Removed() | Provision.Suspended() | Provision.Resumed():
            return True
        case Provision.Added(value=value):
            return isinstance(value, Cap)
        case Provision.Amended(value=value):
            return value is not None
    return False


def taken(tally: Tally, records: Sequence[Record]) -> Tally:
    """The tally after more records."""
    holdings, caps, suspended = dict(tally.holdings), dict(tally.caps), set(tally.suspended)
    for record in records:
        event = record.event
        if isinstance(event, Step):
            key = event.envelope.key
            holdings[key] = climb(holdings.get(key, _NOTHING), record)
        else:
            _take_provision(caps, suspended, record)
    return Tally(holdings=holdings, caps=caps, suspended=tuple(sorted(suspended)))


_NOTHING = Holding()


def _take_provision(caps: dict[str, CapTold], suspended: set[str], record: Record) -> None:
    event, key = record.event, record.event.envelope.key
    match event:
        case Provision.Added(value=Cap() as cap) | Provision.Amended(value=Cap() as cap):
            caps[key] = CapTold(cap=cap, basis=Basis.of(record))
        case Provision.Amended():
            caps.pop(key, None)
        case Provision.Removed():
            caps.pop(key, None)
            suspended.discard(key)
        case Provision.Suspended() | Provision.Resumed():
            (suspended.add if isinstance(event, Provision.Suspended) else suspended.discard)(key)
            if key in caps:
                caps[key] = replace(caps[key], basis=Basis.of(record))


def cap_years(tally: Tally, standing: Board, cap: Cap) -> list[CapYear]:
    """How a cap is used, year by year."""
    unit, allowed = cap.amount.currency, cap.amount.minor
    lines = _under(tally, standing, cap)
    years: list[str | None] = [*years_of(lines.values(), cap.zone)] if cap.amount.per else [None]
    qualifiers = {qualifier for line in lines.values() for qualifier in line.qualifiers}
    found = []
    for year in years:
        minor = sum(dated.minor for line in lines.values() for dated in in_year(line, year, cap.zone))
        left = sum_of(unit, allowed - minor, qualifiers)
        found.append(CapYear(year, sum_of(unit, minor, qualifiers), left, lines))
    return found


def _under(tally: Tally, standing: Board, cap: Cap) -> dict[str, Line]:
    """The lines that count under a cap: of its tranche and all the parts of that, or of all tranches."""
    if cap.tranche:
        holdings = tally.holdings
        inside = {key: held for key, held in holdings.items() if cap.tranche in (key, *wholes(key, holdings))}
        standing = board(inside)
    return on(standing, cap.on, cap.amount.currency)


def promises(tally: Tally, standing: Board) -> Iterator[Promise]:
    """The promises of each unit: pledges, and commitments, which take the place of the same tranche's pledge."""
    for unit in sorted({unit for rung in PROMISED for unit in standing.get(rung, {})}):
        promising = {
            key: rung for rung in PROMISED for key, held in tally.holdings.items() if unit in held.lines.get(rung, {})
        }
        rungs = {rung: _own(on(standing, rung, unit), rung, promising) for rung in PROMISED}
        rungs = {rung: lines for rung, lines in rungs.items() if lines}
        for rung, lines in rungs.items():
            reached = {
                later: _come_of(rung, on(standing, later, unit), promising, tally, alone=len(rungs) == 1)
                for later in (*INVESTED, "distributed")
            }
            yield Promise(rung, total(lines, unit), {later: found for later, found in reached.items() if found})


def _own(lines: dict[str, Line], rung: str, promising: dict[str, str]) -> dict[str, Line]:
    return {key: line for key, line in lines.items() if promising[key] == rung}


def _come_of(
    rung: str, lines: dict[str, Line], promising: dict[str, str], tally: Tally, *, alone: bool
) -> dict[str, Line]:
    """Those of some lines that come of a promise: of the same tranche, or of one that it is part of.

    Those that come of none count where there is no other promise; else nothing can be told.
    """
    of = {key: {promising[one] for one in (key, *wholes(key, tally.holdings)) if one in promising} for key in lines}
    if alone:
        return lines
    return {key: line for key, line in lines.items() if rung in of[key]} if all(of.values()) else {}


def overs(tally: Tally, standing: Board) -> Iterator[Over]:
    """All that is over a promise, over the whole that it is part of, over what is contracted of its tranche or was
    drawn, or over a cap that stands.
    """
    for promise in promises(tally, standing):
        for rung, reached in promise.invested:
            if _is_over(reached, promise.promised):
                yield _over(promise.rung, rung, reached, promise.promised, promise.reached[rung])
                break
    for key, holding in tally.holdings.items():
        parts = {part: held for part, held in tally.holdings.items() if held.part_of == key}
        for rung, unit, line in _lines(holding):
            whole = sum_of(unit, line.minor, line.qualifiers)
            lines = {part: held.lines[rung][unit] for part, held in parts.items() if unit in held.lines.get(rung, {})}
            if lines and "about" not in whole.qualifiers and _is_over(total(lines, unit), whole):
                yield _over(key, rung, total(lines, unit), whole, lines)
            contracted = holding.lines.get("contracted", {}).get(unit) if rung == "drawn" else None
            allowed = contracted and sum_of(unit, contracted.minor, contracted.qualifiers)
            if allowed and _is_over(whole, allowed):
                yield _over("contracted", rung, whole, allowed, {key: line})
            if line.minor < 0:
                returned, there = sum_of(unit, line.returned), sum_of(unit, line.minor + line.returned)
                yield _over(rung, "returned", returned, there, {key: line})
    for key, told in tally.caps.items():
        cap = told.cap
        for year, reached, headroom, lines in () if key in tally.suspended else cap_years(tally, standing, cap):
            if headroom.minor < 0:
                allowed = sum_of(cap.amount.currency, cap.amount.minor)
                yield _over(key, cap.on, reached, allowed, lines, year, cap.zone)


def _lines(holding: Holding) -> Iterator[tuple[str, str, Line]]:
    """All the lines of a tranche, each with its rung and its unit."""
    for rung, lines in holding.lines.items():
        for unit, line in lines.items():
            yield rung, unit, line


def _is_over(reached: Sum, allowed: Sum) -> bool:
    """Whether more is reached than allowed; that it is at least so much sets no ceiling."""
    return reached.minor > allowed.minor and "at-least" not in allowed.qualifiers


def _over(
    ceiling: str,
    rung: str,
    reached: Sum,
    allowed: Sum,
    lines: dict[str, Line],
    year: str | None = None,
    zone: str = "UTC",
) -> Over:
    return Over(ceiling, rung, year, reached, allowed, reached.less(allowed), *_last(lines, year, zone))


def _last(lines: dict[str, Line], year: str | None, zone: str) -> tuple[str, Basis]:
    """The tranche and the record that came last."""
    told = [(key, dated.last) for key, line in lines.items() for dated in in_year(line, year, zone)]
    return max(told, key=lambda one: order(one[1].effective or one[1].occurred))
