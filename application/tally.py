"""The tally: all tranches of a negotiation on the ladder, the caps on them, and what is over."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from application.binding import PartyStanding
from application.ladder import (
    INVESTED,
    PROMISED,
    Board,
    Holding,
    Line,
    Sum,
    at_least,
    board,
    climb,
    day_of,
    in_year,
    meeting,
    on,
    paid,
    period,
    sum_of,
    total,
    wholes,
    without_included,
    years_of,
)
from application.projections.agreements import AgreementDocument, after_event, against_all
from application.view import Basis, Record
from domain.agreement import Agreement
from domain.agreement import Step as AgreementStep
from domain.cap import Cap
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import first_date, last_date, order
from domain.provision import Provision, is_over
from domain.tranche import Step


class CapTold(Fact, omit_defaults=False, frozen=True):
    """A cap as its provision has it."""

    cap: Cap
    basis: Basis


class Standing(Fact, frozen=True):
    """How an agreement stands from a day on: as a whole, and for the parties for whom that changes then."""

    day: str
    status: str
    parties: tuple[PartyStanding, ...]


class Tally(Fact, frozen=True):
    """What the fold keeps: every tranche, every cap, the provisions that are suspended, each with until when, that have
    a sunset, or that bind some parties, how far each agreement has come, and how it stood before.
    """

    holdings: dict[str, Holding] = {}
    caps: dict[str, CapTold] = {}
    suspended: dict[str, str | None] = {}
    sunsets: dict[str, str] = {}
    binds: dict[str, tuple[str, ...]] = {}
    agreements: dict[str, AgreementDocument] = {}
    standings: dict[str, tuple[Standing, ...]] = {}

    def against(self, provision: str) -> str | None:
        """Why a cap limits nothing: its agreement has ended or binds nobody yet, or none of those whom it binds."""
        agreement = self._agreement_of(provision)
        return against_all(agreement, self.binds.get(provision, ())) if agreement else None

    def limited(self, provision: str, day: date) -> bool:
        """Whether a cap limited anything on a day: that was not after its last, and its agreement stood so that it did,
        whatever has become of that since.
        """
        until = self.until(provision)
        if until and last_date(until) < day:
            return False
        agreement = self._agreement_of(provision)
        binds = self.binds.get(provision, ())
        return agreement is None or against_all(self._on_day(agreement, day), binds) is None

    def _on_day(self, agreement: AgreementDocument, day: date) -> AgreementDocument:
        """An agreement as it stood at the end of a day."""
        status, parties = "drafted", dict[str, PartyStanding]()
        for one in self.standings[agreement.key]:
            if day_of(one.day) <= day:
                status = one.status
                parties |= {party.party: party for party in one.parties}
        return replace(agreement, status=status, parties=tuple(parties.values()))

    def until(self, provision: str) -> str | None:
        """The last day of a provision: of its own, or of the term of its agreement."""
        agreement = self._agreement_of(provision)
        told = (self.sunsets.get(provision), agreement.until if agreement else None)
        return min(filter(None, told), key=last_date, default=None)

    def _agreement_of(self, provision: str) -> AgreementDocument | None:
        return self.agreements.get(provision.partition("/")[0])

    def suspends(self, provision: str, lines: Iterable[Line]) -> bool:
        """Whether a cap is suspended: not once money came under it after the date until which it was."""
        if provision not in self.suspended:
            return False
        bases = [dated.last for line in lines for dated in paid(line.days.values())]
        return not any(is_over(self.suspended[provision], one.takes_effect) for one in bases)


class CapYear(NamedTuple):
    """What counts under a cap in one calendar year, or in all where it is not by the year; and what is left.

    `lines` are those that count in it, `under` all that come under it in any year.
    """

    year: str | None
    reached: Sum
    headroom: Sum
    lines: dict[str, Line]
    under: dict[str, Line]


class Come(NamedTuple):
    """The lines of a rung by the tranche of whose promise they come, and those of which that is not told."""

    told: dict[str, dict[str, Line]]
    stray: dict[str, Line]


class Promises(NamedTuple):
    """All that is promised on one rung in one unit, by tranches, and what has come of it on the rungs after that.

    `lines` are those that count, `every` also those of parts and of what others include; `at_once` are the tranches
    that promise by the same time on any of the days on which the unit runs. `alone` says that nothing is
    promised on another rung in the unit: what is stray then comes of one of these. `others` are the units in which
    money came of a tranche that promises nothing in them. Of those that are `over` nothing comes any more.
    """

    unit: str
    rung: str
    lines: dict[str, Line]
    every: dict[str, Line]
    at_once: frozenset[str]
    come: dict[str, Come]
    alone: bool
    others: dict[str, set[str]]
    over: frozenset[str]
    holdings: Mapping[str, Holding]
    including: Mapping[str, list[str]]

    def within(self, tranche: str | None) -> str | None:
        """The promise in whose amount that of a tranche is counted: its whole, or one that includes it."""
        if tranche is None or tranche in self.lines:
            return None
        return next((one for one in _chain(tranche, self.holdings, self.including)[1:] if one in self.at_once), None)

    def reached(self, rung: str) -> dict[str, Line]:
        """What has come of all of them together on a rung; nothing where that is not told."""
        told, stray = self.come[rung]
        if stray and not self.alone:
            return {}
        return {key: line for one in self.lines for key, line in told.get(one, _NONE).items()} | stray

    def apart(self, keys: Iterable[str], *rungs: str) -> Iterator[tuple[str | None, dict[str, dict[str, Line]]]]:
        """What has come of some promises on some rungs; and of all together, under no name, where of some it is not
        told of which.
        """
        only = self.lines if self.alone and len(self.lines) == 1 else _NONE
        come = [(rung, *self.come[rung]) for rung in rungs]
        for key in keys:
            came = {rung: told.get(key, _NONE) | (stray if key in only else _NONE) for rung, told, stray in come}
            yield key, {rung: lines for rung, lines in came.items() if lines}
        if self.alone and not only and any(stray for _, _, stray in come):
            yield None, {rung: self.reached(rung) for rung, _, stray in come if stray}

    def left(self, tranche: str | None, furthest: Mapping[str, Line]) -> Sum:
        """What of a promise, or of all, has not come: `furthest` are the lines of what has. Of at least so much nothing
        is left once there is more.
        """
        came = self._came(furthest)
        qualifiers = [qualifier for line in furthest.values() for qualifier in line.qualifiers]
        promised = total(self.of(tranche), self.unit)
        minor = min(came, promised.minor) if "at-least" in promised.qualifiers else came
        return promised.less(sum_of(self.unit, minor + self._unused(tranche, came), qualifiers))

    def _unused(self, tranche: str | None, came: int) -> int:
        """What of a promise, or of all, will not come any more."""
        if tranche:
            return max(0, self.every[tranche].minor - came) if tranche in self.over else 0
        told = self.come[FURTHEST].told
        return sum(self._unused(one, self._came(told.get(one, _NONE))) for one in self.lines)

    def _came(self, furthest: Mapping[str, Line]) -> int:
        return at_least({key: line.minor for key, line in furthest.items()}, self.holdings).minor

    def of(self, tranche: str | None) -> dict[str, Line]:
        """What a tranche promises, or all together."""
        return {tranche: self.every[tranche]} if tranche else self.lines


_NONE: dict[str, Line] = {}
FURTHEST = "furthest"
"""In place of a rung: of each tranche the most that stands on any of those on which money goes the way that was
promised.
"""


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


def past(until: str) -> str:
    """That the last day of a provision is past."""
    return f"its last day was {until}"


def concerns(event: DomainEvent) -> bool:
    """Whether an event changes the tally."""
    match event:
        case Step() | AgreementStep() | Agreement.Drafted():
            return True
        case Provision.Removed() | Provision.Suspended() | Provision.Resumed():
            return True
        case Provision.Added(value=value, sunset=sunset, binds=binds):
            return isinstance(value, Cap) or sunset is not None or bool(binds)
        case Provision.Amended(value=value, sunset=sunset, binds=binds, without=without):
            told = (value, sunset, binds)
            return any(one is not None for one in told) or not {"value", "sunset"}.isdisjoint(without)
    return False


def taken(tally: Tally, records: Sequence[Record]) -> Tally:
    """The tally after more records."""
    holdings, agreements, standings = dict(tally.holdings), dict(tally.agreements), dict(tally.standings)
    provisions = Tally(
        caps=dict(tally.caps), suspended=dict(tally.suspended), sunsets=dict(tally.sunsets), binds=dict(tally.binds)
    )
    for record in records:
        event = record.event
        key = event.envelope.key
        if isinstance(event, Step):
            holdings[key] = climb(holdings.get(key, _NOTHING), record)
        elif isinstance(event, Agreement.Drafted | AgreementStep):
            before = agreements.get(key)
            agreements[key] = _come(before, event, record)
            standings[key] = (*standings.get(key, ()), _standing(before, agreements[key], record))
        else:
            _take_provision(provisions, record)
    return replace(provisions, holdings=holdings, agreements=agreements, standings=standings)


_NOTHING = Holding()


def _come(
    known: AgreementDocument | None, event: Agreement.Drafted | AgreementStep, record: Record
) -> AgreementDocument:
    """How far an agreement has come, with no more of its steps than that goes by."""
    known = known or AgreementDocument(negotiation=event.envelope.negotiation, key=event.envelope.key)
    document = after_event(known, event, record)
    steps = tuple(step for step in document.steps if not step.parties or step is document.steps[-1])
    return replace(document, steps=steps, pairs=())


def _standing(before: AgreementDocument | None, after: AgreementDocument, record: Record) -> Standing:
    """How an agreement stands from a record on."""
    day = first_date(record.event.envelope.takes_effect)
    known = before.parties if before else ()
    return Standing(day=day, status=after.status, parties=tuple(one for one in after.parties if one not in known))


def _take_provision(tally: Tally, record: Record) -> None:
    """Put into a tally that is not finished what a record says of a provision."""
    caps, suspended, sunsets, binds = tally.caps, tally.suspended, tally.sunsets, tally.binds
    event, key = record.event, record.event.envelope.key
    match event:
        case Provision.Added() | Provision.Amended():
            without = event.without if isinstance(event, Provision.Amended) else ("value", "sunset")
            if isinstance(event.value, Cap):
                caps[key] = CapTold(cap=event.value, basis=Basis.of(record))
            elif event.value is not None or "value" in without:
                caps.pop(key, None)
            if event.sunset:
                sunsets[key] = event.sunset
            elif "sunset" in without:
                sunsets.pop(key, None)
            if event.binds is not None:
                binds[key] = event.binds
        case Provision.Removed():
            for told in (caps, suspended, sunsets, binds):
                told.pop(key, None)
        case Provision.Suspended() | Provision.Resumed():
            suspended.pop(key, None)
            if isinstance(event, Provision.Suspended):
                suspended[key] = event.until
            if key in caps:
                caps[key] = replace(caps[key], basis=Basis.of(record))


def cap_years(tally: Tally, cap: Cap) -> list[CapYear]:
    """How a cap is used, year by year: by a whole and its parts, at least by as much as either has."""
    under = _under(tally, cap)
    years: list[str | None] = [*years_of(under.values(), cap.zone)] if cap.amount.per else [None]
    return [_cap_year(tally, cap, year, under) for year in years]


def _cap_year(tally: Tally, cap: Cap, year: str | None, under: dict[str, Line], by: date = date.max) -> CapYear:
    """How a cap is used in a year by what came until a day."""
    unit, allowed = cap.amount.currency, cap.amount.minor
    qualifiers = {qualifier for line in under.values() for qualifier in line.qualifiers}
    came = {key: in_year(line, year, cap.zone, by) for key, line in under.items()}
    lines = without_included({key: under[key] for key, told in came.items() if told}, tally.holdings)
    minor, counted = at_least({key: sum(dated.minor for dated in came[key]) for key in lines}, tally.holdings)
    left = sum_of(unit, allowed - minor, qualifiers)
    return CapYear(year, sum_of(unit, minor, qualifiers), left, {k: lines[k] for k in lines if k in counted}, under)


def _under(tally: Tally, cap: Cap) -> dict[str, Line]:
    """The lines that come under a cap: of its tranche and all the parts of that, or of all tranches."""
    holdings, unit = tally.holdings, cap.amount.currency
    held = {key: one.lines[cap.on][unit] for key, one in holdings.items() if unit in one.lines.get(cap.on, _NONE)}
    return {key: line for key, line in held.items() if cap.tranche in (None, key, *wholes(key, holdings))}


def promises(tally: Tally, standing: Board) -> list[Promises]:
    """The promises of each unit: pledges, and commitments, which take the place of the same tranche's pledge."""
    holdings, found = tally.holdings, list[Promises]()
    including = _including(holdings)
    others = _others(holdings, including)
    over = _in_any(holdings, including, lambda one: one.completed)
    revolving = _revolving(holdings, including)
    furthest = _furthest(holdings, revolving)
    units = {unit for one in holdings.values() for rung in PROMISED for unit in one.lines.get(rung, _NONE)}
    for unit in sorted(units):
        every = {rung: _promised_on(rung, unit, holdings) for rung in PROMISED}
        own = {rung: {k: v for k, v in on(standing, rung, unit).items() if k in every[rung]} for rung in PROMISED}
        own = {rung: lines for rung, lines in own.items() if lines}
        come = {
            rung: _come_of(_in_all(on(standing, rung, unit), unit, holdings, revolving), unit, holdings, including)
            for rung in INVESTED
        }
        come["distributed"] = _come_of(on(standing, "distributed", unit), unit, holdings, including)
        come[FURTHEST] = _come_of(without_included(furthest.get(unit, _NONE), holdings), unit, holdings, including)
        for rung in PROMISED:
            at_once = frozenset(k for one in meeting(unit, units) for k in _promised_on(rung, one, holdings))
            alone, lines = own.keys() == {rung}, own.get(rung, {})
            one = Promises(unit, rung, lines, every[rung], at_once, come, alone, others, over, holdings, including)
            if lines or any(map(one.within, one.every)):
                found.append(one)
    return found


def _promised_on(rung: str, unit: str, holdings: Mapping[str, Holding]) -> dict[str, Line]:
    """Each tranche's line on a rung: on that of pledges none that a commitment has taken the place of."""
    instead = "commitment" if rung == "pledge" else ""
    return {
        key: one.lines[rung][unit]
        for key, one in holdings.items()
        if unit in one.lines.get(rung, _NONE) and unit not in one.lines.get(instead, _NONE)
    }


def _in_any(
    holdings: Mapping[str, Holding], including: Mapping[str, list[str]], holds: Callable[[Holding], bool]
) -> frozenset[str]:
    """The tranches of which something holds, or of one that they are part of or that includes them."""
    if not any(map(holds, holdings.values())):
        return frozenset()
    return frozenset(key for key in holdings if any(holds(holdings[one]) for one in _chain(key, holdings, including)))


def _revolving(holdings: Mapping[str, Holding], including: Mapping[str, list[str]]) -> frozenset[str]:
    return _in_any(holdings, including, lambda one: one.revolving)


def _in_all(
    lines: Mapping[str, Line], unit: str, holdings: Mapping[str, Holding], revolving: Container[str]
) -> dict[str, Line]:
    """Some lines with what came in all: what was paid back came all the same, but of a promise that is revolving it can
    come again, on whichever rung it stands.
    """
    found = {}
    for key, line in lines.items():
        drawn = holdings[key].lines.get("drawn", _NONE).get(unit)
        again = drawn.returned if drawn and key in revolving else 0
        minor = line.gross - again
        found[key] = line if minor == line.minor else replace(line, minor=minor, returned=0)
    return found


def _furthest(holdings: Mapping[str, Holding], revolving: Container[str]) -> dict[str, dict[str, Line]]:
    """By unit the line of each tranche on which most of it stood."""
    found: dict[str, dict[str, Line]] = defaultdict(dict)
    for key, holding in holdings.items():
        for rung in INVESTED:
            for unit, line in holding.lines.get(rung, _NONE).items():
                before = found[unit].get(key)
                if before is None or line.gross > before.gross:
                    found[unit][key] = line
    return {unit: _in_all(lines, unit, holdings, revolving) for unit, lines in found.items()}


def _come_of(
    lines: dict[str, Line], unit: str, holdings: Mapping[str, Holding], including: Mapping[str, list[str]]
) -> Come:
    """Money comes of the promise of its tranche, or of one that this is part of, or that includes it. Where one of them
    promises in another unit, or promised until that was cancelled, it comes of no other.
    """
    told, stray = dict[str, dict[str, Line]](), dict[str, Line]()
    for key, line in lines.items():
        chain = _chain(key, holdings, including)
        of = [one for one in chain if _promises_in(unit, holdings[one])]
        for one in of:
            told.setdefault(one, {})[key] = line
        if not of and not any(_promises_anything(holdings[one]) for one in chain):
            stray[key] = line
    return Come(told, stray)


def _including(holdings: Mapping[str, Holding]) -> dict[str, list[str]]:
    """By each tranche those whose amount includes it."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, holding in holdings.items():
        for included in holding.includes:
            found[included].append(key)
    return found


def _others(holdings: Mapping[str, Holding], including: Mapping[str, list[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, holding in holdings.items():
        units = {unit for rung in INVESTED for unit in holding.lines.get(rung, _NONE)}
        for one in _chain(key, holdings, including) if units else ():
            if told := {unit for unit in units if not _promises_in(unit, holdings[one])}:
                found[one] |= told
    return found


def _chain(key: str, holdings: Mapping[str, Holding], including: Mapping[str, list[str]]) -> list[str]:
    """A tranche and all that it is part of or that include it, as far as that is on record, each once."""
    found = [key]
    if not holdings[key].part_of and key not in including:
        return found
    for one in found:
        further = (holdings[one].part_of, *including.get(one, ()))
        found += [whole for whole in dict.fromkeys(further) if whole in holdings and whole not in found]
    return found


def families(holdings: Mapping[str, Holding]) -> dict[str, set[str]]:
    """Each tranche with all that it is part of or that include it, and with all its parts."""
    found = {key: {key} for key in holdings}
    including = _including(holdings)
    for key in holdings:
        for whole in _chain(key, holdings, including):
            found[key].add(whole)
            found[whole].add(key)
    return found


def _promises_in(unit: str, holding: Holding) -> bool:
    lines = holding.lines
    return unit in lines.get("commitment", _NONE) or unit in lines.get("pledge", _NONE)


def _promises_anything(holding: Holding) -> bool:
    return holding.cancelled or any(rung in holding.lines for rung in PROMISED)


def overs(tally: Tally, standing: Board, promised: Sequence[Promises]) -> Iterator[Over]:
    """All that is over a promise, over the whole that it is part of, over the rung before of its tranche or what was
    drawn, or over a cap that limited it when it came.
    """
    counting = {(key, one.unit) for one in promised for key in one.lines}
    for one in promised:
        for tranche, came in one.apart(one.lines, *INVESTED):
            found = (_compared(one.rung, rung, lines, one.of(tranche), one.unit) for rung, lines in came.items())
            yield from islice(filter(None, found), 1)
    parts = _parts(tally)
    revolving = _revolving(tally.holdings, _including(tally.holdings))
    for key, holding in tally.holdings.items():
        yield from _over_before(key, holding, counting, revolving)
        yield from _over_whole(key, holding, parts.get(key, {}))
    for key, told in tally.caps.items():
        for used in cap_years(tally, told.cap):
            if used.headroom.minor < 0 and not tally.suspends(key, used.under.values()):
                found_over = (_over_cap(key, told.cap, tally, used, day) for day in _days(used, told.cap.zone))
                yield from islice(filter(None, found_over), 1)


def _days(used: CapYear, zone: str) -> list[date]:
    """The days on which money came under a cap in a year, the last first."""
    dated = (one.last for line in used.under.values() for one in in_year(line, used.year, zone) if one.minor >= 0)
    return sorted({day_of(one.takes_effect) for one in dated}, reverse=True)


def _over_cap(key: str, cap: Cap, tally: Tally, used: CapYear, day: date) -> Over | None:
    """What came on a day over a cap that limited it then, after all that had come in the year."""
    if not tally.limited(key, day):
        return None
    by_then = _cap_year(tally, cap, used.year, used.under, day)
    if by_then.headroom.minor >= 0:
        return None
    allowed = sum_of(cap.amount.currency, cap.amount.minor)
    over = _over(key, cap.on, by_then.reached, allowed, by_then.lines, used.year, cap.zone, day)
    return over if day_of(over.last.takes_effect) == day else None


_BEFORE = {
    "selected": ("commitment", "pledge"),
    "contracted": ("selected", "commitment", "pledge"),
    "drawn": ("contracted", "selected", "commitment", "pledge"),
}
"""The rungs before one of those on which money goes the way that was promised, the nearest first."""


def _over_before(
    key: str, holding: Holding, counting: Container[tuple[str, str]], revolving: Container[str]
) -> Iterator[Over]:
    """What of a tranche is over what stands on the rung before, or was returned over what was there.

    Not of promises that are `counting`: with those all that comes of them is compared. What was drawn over what was
    contracted or selected is put right by what is returned; what was promised is used up by it.
    """
    for rung, lines in holding.lines.items():
        for unit, line in lines.items():
            if line.minor < 0:
                returned, there = sum_of(unit, line.returned), sum_of(unit, line.minor + line.returned)
                yield _over(rung, "returned", returned, there, {key: line})
            before = next((one for one in _BEFORE.get(rung, ()) if meeting(unit, holding.lines.get(one, _NONE))), None)
            if before is None or (before in PROMISED and (key, unit) in counting):
                continue
            came = {key: line}
            if before in PROMISED:
                came = _in_all(came, unit, {key: holding}, revolving)
            if found := _compared(before, rung, came, _at_once(unit, holding.lines[before]), unit):
                yield found


def _over_whole(key: str, holding: Holding, parts: Board) -> Iterator[Over]:
    """What of the parts of a tranche is over what it has itself; what is told as about so much is not so sharp."""
    for rung, units in parts.items():
        for unit, inside in units.items():
            own = _at_once(unit, holding.lines.get(rung, _NONE))
            if not own or any("about" in line.qualifiers for line in own.values()):
                continue
            if found := _compared(key, rung, inside, own, unit):
                yield found


def _at_once(unit: str, lines: Mapping[str, Line]) -> dict[str, Line]:
    """Of one tranche's lines by their units those that run with another amount of the rate, on the first or last common
    day of any on which they come to least; the line of the same unit alone, where there is one.
    """
    if unit in lines:
        return {unit: lines[unit]}
    _, begins, until = period(unit)
    others = {other: period(other) for other in meeting(unit, lines)}
    days = [day for _, first, last in others.values() for day in (max(begins, first), min(until, last))]
    running = [{one: lines[one] for one, (_, first, last) in others.items() if first <= day <= last} for day in days]
    return min(running, key=lambda told: sum(line.minor for line in told.values()), default={})


def _parts(tally: Tally) -> dict[str, Board]:
    """What stands in all the parts of each whole, and in theirs, each amount once."""
    inside: dict[str, dict[str, Holding]] = defaultdict(dict)
    for key, holding in tally.holdings.items():
        for whole in wholes(key, tally.holdings) if holding.part_of else ():
            if whole != key:
                inside[whole][key] = holding
    return {whole: board(held) for whole, held in inside.items()}


def _compared(ceiling: str, rung: str, lines: dict[str, Line], allowed: dict[str, Line], unit: str) -> Over | None:
    """What some lines are over others, if they are; that it is at least so much sets no ceiling."""
    if any("at-least" in line.qualifiers for line in allowed.values()):
        return None
    if sum(line.minor for line in lines.values()) <= sum(line.minor for line in allowed.values()):
        return None
    return _over(ceiling, rung, total(lines, unit), total(allowed, unit), lines)


def _over(
    ceiling: str,
    rung: str,
    reached: Sum,
    allowed: Sum,
    lines: dict[str, Line],
    year: str | None = None,
    zone: str = "UTC",
    by: date = date.max,
) -> Over:
    return Over(ceiling, rung, year, reached, allowed, reached.less(allowed), *_last(lines, year, zone, by))


def _last(lines: dict[str, Line], year: str | None, zone: str, by: date) -> tuple[str, Basis]:
    """The tranche and the record that came last."""
    told = [(key, dated.last) for key, line in lines.items() for dated in paid(in_year(line, year, zone, by))]
    return max(told, key=lambda one: order(one[1].takes_effect))
