"""The tally: all tranches of a negotiation on the ladder, the caps on them, and what is over."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
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
from domain.provision import Provision, is_over
from domain.tranche import Step


class CapTold(Fact, omit_defaults=False, frozen=True):
    """A cap as its provision has it."""

    cap: Cap
    basis: Basis


class Tally(Fact, frozen=True):
    """What the fold keeps: every tranche, every cap, and the provisions that are suspended, each with until when."""

    holdings: dict[str, Holding] = {}
    caps: dict[str, CapTold] = {}
    suspended: dict[str, str | None] = {}

    def suspends(self, provision: str, lines: Iterable[Line]) -> bool:
        """Whether a cap is suspended: not once money came under it after the date until which it was."""
        if provision not in self.suspended:
            return False
        bases = [dated.last for line in lines for dated in line.years.values()]
        return not any(is_over(self.suspended[provision], one.effective or one.occurred) for one in bases)


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

    It is the promise of one tranche; or all of the rung together, for the rungs on which it cannot be told of which
    some of the money comes. A rung is left out where nothing stands on it, or where that can be told of neither.
    """

    tranche: str | None
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
    holdings, caps, suspended = dict(tally.holdings), dict(tally.caps), dict(tally.suspended)
    for record in records:
        event = record.event
        if isinstance(event, Step):
            key = event.envelope.key
            holdings[key] = climb(holdings.get(key, _NOTHING), record)
        else:
            _take_provision(caps, suspended, record)
    return Tally(holdings=holdings, caps=caps, suspended=suspended)


_NOTHING = Holding()


def _take_provision(caps: dict[str, CapTold], suspended: dict[str, str | None], record: Record) -> None:
    event, key = record.event, record.event.envelope.key
    match event:
        case Provision.Added(value=Cap() as cap) | Provision.Amended(value=Cap() as cap):
            caps[key] = CapTold(cap=cap, basis=Basis.of(record))
        case Provision.Amended():
            caps.pop(key, None)
        case Provision.Removed():
            caps.pop(key, None)
            suspended.pop(key, None)
        case Provision.Suspended() | Provision.Resumed():
            suspended.pop(key, None)
            if isinstance(event, Provision.Suspended):
                suspended[key] = event.until
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
    holdings = tally.holdings
    chains = {key: (key, *wholes(key, holdings)) for key in holdings}
    spoken_for = {k for k, held in holdings.items() if held.cancelled or any(rung in held.lines for rung in PROMISED)}
    for unit in sorted({unit for rung in PROMISED for unit in standing.get(rung, {})}):
        rung_of = {key: rung for rung in PROMISED for key, held in holdings.items() if unit in held.lines.get(rung, {})}
        promising = {
            key: line for rung in PROMISED for key, line in on(standing, rung, unit).items() if rung_of[key] == rung
        }
        later = {
            rung: _come_of(on(standing, rung, unit), chains, rung_of, spoken_for) for rung in (*INVESTED, "distributed")
        }
        for key, line in promising.items():
            reached = {rung: found.of(key, alone=len(promising) == 1) for rung, found in later.items()}
            yield Promise(
                key, rung_of[key], total({key: line}, unit), {r: lines for r, lines in reached.items() if lines}
            )
        rungs = {rung_of[key] for key in promising}
        together = {rung: found.all() for rung, found in later.items() if found.stray}
        if together and len(promising) > 1 and len(rungs) == 1:
            yield Promise(None, rungs.pop(), total(promising, unit), together)


class _Come(NamedTuple):
    """The lines of a rung by the tranche of whose promise they come, and those of which that is not told."""

    told: dict[str, dict[str, Line]]
    stray: dict[str, Line]

    def of(self, tranche: str, *, alone: bool) -> dict[str, Line]:
        """Those that come of a promise; none where others may, unless it is alone."""
        own = self.told.get(tranche, {})
        return {**own, **self.stray} if alone else {} if self.stray else own

    def all(self) -> dict[str, Line]:
        return {key: line for lines in (*self.told.values(), self.stray) for key, line in lines.items()}


def _come_of(
    lines: dict[str, Line], chains: dict[str, tuple[str, ...]], promising: Container[str], spoken_for: set[str]
) -> _Come:
    """Money comes of the promise of its tranche, or of one that this is part of: the `chains` name those. Where one of
    them promises in another unit, or promised until that was cancelled, it comes of no other.
    """
    found = _Come(defaultdict(dict), {})
    for key, line in lines.items():
        for one in chains[key]:
            if one in promising:
                found.told[one][key] = line
        if spoken_for.isdisjoint(chains[key]):
            found.stray[key] = line
    return found


def overs(tally: Tally, standing: Board) -> Iterator[Over]:
    """All that is over a promise, over the whole that it is part of, over the rung before of its tranche or what was
    drawn, or over a cap that stands.
    """
    for promise in promises(tally, standing):
        for rung, reached in promise.invested:
            if _is_over(reached, promise.promised):
                yield _over(promise.rung, rung, reached, promise.promised, promise.reached[rung])
                break
    parts = _parts(tally)
    for key, holding in tally.holdings.items():
        for rung, unit, line in _lines(holding):
            whole = sum_of(unit, line.minor, line.qualifiers)
            lines = on(parts.get(key, {}), rung, unit)
            if lines and "about" not in whole.qualifiers and _is_over(total(lines, unit), whole):
                yield _over(key, rung, total(lines, unit), whole, lines)
            before, allowed = _before(holding, rung, unit)
            if allowed and _is_over(whole, allowed):
                yield _over(before, rung, whole, allowed, {key: line})
            if line.minor < 0:
                returned, there = sum_of(unit, line.returned), sum_of(unit, line.minor + line.returned)
                yield _over(rung, "returned", returned, there, {key: line})
    for key, told in tally.caps.items():
        cap = told.cap
        for year, reached, headroom, lines in cap_years(tally, standing, cap):
            if headroom.minor < 0 and not tally.suspends(key, lines.values()):
                allowed = sum_of(cap.amount.currency, cap.amount.minor)
                yield _over(key, cap.on, reached, allowed, lines, year, cap.zone)


def _before(holding: Holding, rung: str, unit: str) -> tuple[str, Sum | None]:
    """What stands on the last rung before one of those on which money goes the way that was promised, if anything."""
    earlier = INVESTED[: INVESTED.index(rung)] if rung in INVESTED else ()
    for before in reversed(earlier):
        if line := holding.lines.get(before, {}).get(unit):
            return before, sum_of(unit, line.minor, line.qualifiers)
    return "", None


def _parts(tally: Tally) -> dict[str, Board]:
    """What stands in all the parts of each whole, and in theirs, each amount once."""
    inside: dict[str, dict[str, Holding]] = defaultdict(dict)
    for key, holding in tally.holdings.items():
        for whole in wholes(key, tally.holdings):
            if whole != key:
                inside[whole][key] = holding
    return {whole: board(held) for whole, held in inside.items()}


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
