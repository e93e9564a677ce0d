"""The tally: all tranches of a negotiation on the ladder, the caps on them, and what is over."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from application.ladder import Board, Holding, Line, Sum, board, climb, in_year, on, sum_of, total, wholes, years_of
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
    status: str
    basis: Basis


class Tally(Fact, frozen=True):
    """What the fold keeps: every tranche, and every cap."""

    holdings: dict[str, Holding] = {}
    caps: dict[str, CapTold] = {}


class CapYear(NamedTuple):
    """What counts under a cap in one calendar year, or in all where it is not by the year; and what is left.

    `lines` are all that count under it in any year.
    """

    year: str | None
    reached: Sum
    headroom: Sum
    lines: dict[str, Line]


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
    holdings, caps = dict(tally.holdings), dict(tally.caps)
    for record in records:
        event = record.event
        if isinstance(event, Step):
            key = event.envelope.key
            holdings[key] = climb(holdings.get(key, _NOTHING), record)
        else:
            _take_cap(caps, record)
    return Tally(holdings=holdings, caps=caps)


_NOTHING = Holding()


def _take_cap(caps: dict[str, CapTold], record: Record) -> None:
    event, key = record.event, record.event.envelope.key
    match event:
        case Provision.Added(value=Cap() as cap) | Provision.Amended(value=Cap() as cap):
            caps[key] = CapTold(cap=cap, status=caps[key].status if key in caps else "part", basis=Basis.of(record))
        case Provision.Removed() | Provision.Amended():
            caps.pop(key, None)
        case Provision.Suspended() | Provision.Resumed() if key in caps:
            status = "suspended" if isinstance(event, Provision.Suspended) else "part"
            caps[key] = replace(caps[key], status=status, basis=Basis.of(record))


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


def promises(standing: Board) -> dict[str, tuple[str, Sum]]:
    """What is promised in each unit: the commitment, or where none is on record the pledge."""
    return {
        unit: (rung, total(lines, unit))
        for rung in ("pledge", "commitment")
        for unit, lines in sorted(standing.get(rung, {}).items())
        if lines
    }


def overs(tally: Tally, standing: Board) -> Iterator[Over]:
    """All that is over a promise, over what is contracted of its tranche, or over a cap that stands."""
    for unit, (rung, promised) in promises(standing).items():
        lines = on(standing, "selected", unit)
        selected = total(lines, unit)
        if selected.minor > promised.minor:
            yield Over(rung, "selected", None, selected, promised, selected.less(promised), *_last(lines, None, "UTC"))
    for key, holding in tally.holdings.items():
        for unit, line in holding.lines.get("drawn", {}).items():
            contracted = holding.lines.get("contracted", {}).get(unit)
            if contracted and line.minor > contracted.minor and "at-least" not in contracted.qualifiers:
                drawn, allowed = (sum_of(unit, one.minor, one.qualifiers) for one in (line, contracted))
                last = _last({key: line}, None, "UTC")
                yield Over("contracted", "drawn", None, drawn, allowed, drawn.less(allowed), *last)
    for key, told in tally.caps.items():
        cap = told.cap
        for year, reached, headroom, lines in cap_years(tally, standing, cap) if told.status == "part" else ():
            if headroom.minor < 0:
                allowed = sum_of(cap.amount.currency, cap.amount.minor)
                last = _last(lines, year, cap.zone)
                yield Over(key, cap.on, year, reached, allowed, reached.less(allowed), *last)


def _last(lines: dict[str, Line], year: str | None, zone: str) -> tuple[str, Basis]:
    """The tranche and the record that came last."""
    told = [(key, dated.last) for key, line in lines.items() for dated in in_year(line, year, zone)]
    return max(told, key=lambda one: order(one[1].effective or one[1].occurred))
