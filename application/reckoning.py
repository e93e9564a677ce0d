"""Reckonings: what is worked out from the records when it is asked for, because it depends on the day.

They are pure functions of documents, of what has happened in the same negotiation, and of that day.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

from application.amended import Standing
from application.calendars import business_days
from application.fold import all_views
from application.replay import History
from application.view import Basis, Document, Record
from domain.aggregate import stream_id
from domain.agreement import AnyStep
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.fact import Fact
from domain.happening import parts_of, step_of
from domain.moment import first_date, is_instant, is_vague, last_date, order, reached
from domain.refusal import Refused
from domain.rule import Rule

YEAR_MAX = 2999
_SETS = (Deadline.Set, Deadline.Revised)

D = TypeVar("D", bound=Document)


class Happened(NamedTuple):
    """A step on record: from when it counts, as it was told, what says so, and whose step it is."""

    when: str
    basis: Basis
    parties: frozenset[str]


class WorkedOut(Fact, omit_defaults=False, frozen=True):
    """The day that a rule gives, how it came about or why it is not known, and the record that it counts from."""

    day: str | None
    says: str
    basis: Basis | None = None


class Streams(Protocol):
    """The streams of one negotiation, as they were public and known at the times asked."""

    @property
    def negotiation(self) -> str: ...

    def of_stream(self, stream: UUID) -> Sequence[Standing]:
        """The standings of one, in no order."""

    def later(self) -> Sequence[Standing]:
        """All those that take effect after the time asked, and perhaps others, in no order."""


class Reckoner:
    """Works out the days that the rules of one negotiation give, on a day."""

    def __init__(self, streams: Streams, asked: str) -> None:
        """`asked` is a date or an instant; the day is the date as it is written."""
        self._streams = streams
        self._dues: dict[tuple[str, str | None], list[Happened]] = {}
        self.asked = asked
        self.day = date.fromisoformat(asked[:10])

    def happened(self, happening: str, by: str | None = None, before: str | None = None) -> list[Happened]:
        """Each time that a step was taken, in the order of time, also after the day; that a deadline is due, as it
        stood `before` a time.
        """
        kind, key, step = parts_of(happening)
        if (kind, step) == ("deadline", "due"):
            return self._due(key, before)
        records = self._standing(kind, key)
        told = [
            Happened(r.event.envelope.takes_effect, Basis.of(r), _known(r, records) if _is_of_all(r) else _takers(r))
            for r in records
            if step_of(r.event) == step and (by is None or _is_of_all(r) or by in _takers(r))
        ]
        return sorted(told, key=lambda one: order(one.when))

    def to_come(self, asks_for: Callable[[DomainEvent], bool]) -> list[Record]:
        """The records of some events that had occurred on the day and take effect after it, in the order of that."""
        told = [one.record for one in self._streams.later() if asks_for(one.record.event) and one.holds(self.asked)]
        taken = [record for record in told if reached(record.event.envelope.occurred, self.asked)]
        later = [record for record in taken if not reached(record.event.envelope.takes_effect, self.asked)]
        return sorted(later, key=lambda record: (order(record.event.envelope.takes_effect), record.place))

    def steps(self, kind: str, key: str) -> list[Record]:
        """The records about a thing that count on the day, in the order of time."""
        counting = [r for r in self._standing(kind, key) if reached(r.event.envelope.takes_effect, self.asked)]
        return sorted(counting, key=lambda record: record.place)

    def deadline(self, rule: Rule, before: str | None = None) -> WorkedOut:
        """The day that a rule gives, counted from the last time that its event had happened; of one that was revised,
        before that. An agreement enters into force once, and for whoever joins it later only `by` that party (VCLT,
        article 24).
        """
        event = rule.event or ""
        once = event.endswith("/entered-into-force") and not (rule.by or rule.by_all)
        return self._worked_out(rule, lambda by: self._by_then(event, by, before), 0 if once else -1)

    def condition(self, rule: Rule) -> WorkedOut:
        """The day that a rule gives, counted from the first time that its event happened: also after the day, where
        that reaches back to it.
        """
        found = self._worked_out(rule, lambda by: self.happened(rule.event or "", by), 0)
        if found.day is None or found.day <= self.day.isoformat():
            return found
        return self._worked_out(rule, lambda by: self._by_then(rule.event or "", by), 0)

    def _due(self, key: str, before: str | None) -> list[Happened]:
        """The day of a deadline as it stands, or stood before a time, also while it is to come, after those that had
        come when it was revised or cancelled. One that waits for itself has none.

        What it counts from is worked out first, each deadline once, however many follow each other.
        """
        waiting = [] if (key, before) in self._dues else [key]
        while waiting:
            steps = self._terms(waiting[-1], before)
            days = self._dues.setdefault((waiting[-1], before), [])
            base = next((one for one in _bases(steps) if (one, before) not in self._dues), None)
            if base is None:
                waiting.pop()
                self._add_days(days, steps, before)
            else:
                waiting.append(base)
        return self._dues[key, before]

    def _add_days(self, days: list[Happened], steps: Sequence[Record], before: str | None) -> None:
        """Add the day that each step gives to a deadline; one that had not come by the next step no longer counts."""
        for step in steps:
            event = step.event
            day = self._day_of(event, before) if isinstance(event, _SETS) else None
            if days and order(days[-1].when) >= order(event.envelope.occurred):
                days.pop()
            if day:
                days.append(Happened(day, Basis.of(step), _takers(step)))

    def _day_of(self, event: Deadline.Set | Deadline.Revised, before: str | None) -> str | None:
        if event.due:
            return last_date(event.due).isoformat() if is_vague(event.due) else event.due
        return self.deadline(event.rule, before).day if event.rule else None

    def _terms(self, key: str, before: str | None) -> list[Record]:
        """The steps that set the day of a deadline, in the order of time."""
        return [
            record
            for record in self.steps("deadline", key)
            if isinstance(record.event, (*_SETS, Deadline.Cancelled))
            and (before is None or first_date(record.event.envelope.occurred) < first_date(before))
        ]

    def _standing(self, kind: str, key: str) -> list[Record]:
        """The records about a thing as they stand on the day, also those that count only later."""
        stream = stream_id(self._streams.negotiation, kind, key)
        return [standing.record for standing in self._streams.of_stream(stream) if standing.holds(self.asked)]

    def _by_then(self, happening: str, by: str | None = None, before: str | None = None) -> list[Happened]:
        """Each time that a step had been taken on the day, or before another, also where it takes effect only later."""
        told = self.happened(happening, by, before)
        told = [one for one in told if before is None or first_date(one.basis.occurred) < first_date(before)]
        return [one for one in told if reached(min(one.when, one.basis.occurred, key=order), self.asked)]

    def _worked_out(self, rule: Rule, times: Callable[[str | None], list[Happened]], which: int) -> WorkedOut:
        """The day that a rule gives, counted from the first or the last of the times that its event happened; of
        several parties' steps from the last, and of so many from that with which there are as many.
        """
        happened = None
        if rule.event and rule.by_number:
            each = _first_of_each(times(None))
            if len(each) < rule.by_number:
                so_far = len(_first_of_each(self._by_then(rule.event)))
                by = f"{rule.by_number} parties, {so_far} so far"
                return WorkedOut(day=None, says=f"waits for {rule.event} by {by}")
            happened = each[rule.by_number - 1]
        elif rule.event:
            found = {by: taken[which] if (taken := times(by)) else None for by in rule.by_all or (rule.by,)}
            awaited = [by for by, step in found.items() if step is None]
            if awaited:
                by = f" by {' and '.join(filter(None, awaited))}" if any(awaited) else ""
                return WorkedOut(day=None, says=f"waits for {rule.event}{by}, which is not on record")
            happened = max(filter(None, found.values()), key=lambda step: order(step.when))
        start = happened.when if happened else rule.start
        if start is None:
            return WorkedOut(day=None, says=f"{in_words(rule)}: the day of that is not told")
        basis = happened.basis if happened else None
        try:
            day = rule.day(date.fromisoformat(first_date(start)), business_days(rule.calendars))
        except (Refused, OverflowError) as error:
            return WorkedOut(day=None, says=f"{in_words(rule)}: {error}", basis=basis)
        vaguely = "" if is_instant(start) or len(start) == 10 else ", told no more precisely: it may be later"
        told = f", {start}" if rule.after or rule.event else ""
        says = f"{in_words(rule)}{told}{vaguely}"
        return WorkedOut(day=day.isoformat(), says=says, basis=basis)


class Survey(Reckoner):
    """One negotiation on a day, with all its documents."""

    def __init__(self, history: History, asked: str) -> None:
        super().__init__(history, asked)
        self._history = history

    def documents(self, kind: type[D], asked: str | None = None, *, hidden: bool = False) -> list[D]:
        """All documents of a kind on the day, or at another time, by their keys; also `hidden` ones, which no list
        shows.
        """
        known = self._history.view(_view_of(kind)).documents(asked or self.asked)
        return [cast("D", held.document) for _, held in sorted(known.items()) if hidden or held.index.shown]

    def documents_later(self, kind: type[D]) -> list[D]:
        """All documents of a kind as they stand once all that is known has taken effect."""
        return self.documents(kind, f"{YEAR_MAX}-12-31")

    def document_on(self, kind: type[D], key: str, day: str) -> D | None:
        """One document as it stood on another day."""
        held = self._history.view(_view_of(kind)).document(key, day)
        return cast("D", held.document) if held else None


@cache
def _view_of(kind: type[Document]) -> str:
    """The name of the view whose documents are of a kind."""
    return next(view.name for view in all_views() if view.document is kind)


def _bases(steps: Iterable[Record]) -> Iterator[str]:
    """The deadlines from whose days others count."""
    for event in (step.event for step in steps):
        if isinstance(event, _SETS) and event.rule and event.rule.is_of_a_day and not event.due:
            yield parts_of(event.rule.event or "")[1]


def _is_of_all(record: Record) -> bool:
    """What is taken for the whole of an agreement is taken for every party."""
    return isinstance(record.event, AnyStep) and not record.event.parties


def _takers(record: Record) -> frozenset[str]:
    """The parties that a record names as those who did something, or toward whom they did."""
    event = record.event
    named = (*getattr(event, "parties", ()), *getattr(event, "toward", ()), getattr(event, "party", None))
    return frozenset(filter(None, named))


def _known(record: Record, records: Sequence[Record]) -> frozenset[str]:
    """The parties that were named by the time of a record."""
    until = order(record.event.envelope.takes_effect)
    return frozenset(p for r in records if order(r.event.envelope.takes_effect) <= until for p in _takers(r))


def _first_of_each(told: Sequence[Happened]) -> list[Happened]:
    """Of what happened, in the order of time, the first time for each party."""
    first: dict[str, Happened] = {}
    for one in told:
        first |= dict.fromkeys(one.parties - first.keys(), one)
    return list(first.values())


def in_words(rule: Rule) -> str:
    """A rule as people say it."""
    since = rule.after or rule.event or rule.start
    if rule.by_all:
        since = f"{since} by {' and '.join(rule.by_all)}"
    if rule.by_number:
        since = f"{since} by {rule.by_number} parties"
    if rule.count:
        unit = rule.unit.replace("-", " ") if abs(rule.count) != 1 else rule.unit.replace("-", " ").removesuffix("s")
        told = f"{abs(rule.count)} {unit} {'after' if rule.count > 0 else 'before'} {since}"
    else:
        told = f"on the day of {since}"
    if rule.align:
        told = f"the first of the month of {since}" if not rule.count else f"the first of the month {told}"
    if rule.calendars:
        told += f" ({' and '.join(rule.calendars)}{'' if rule.roll == 'none' else f', {rule.roll}'})"
    return f"not before {told}" if rule.bound == "not-before" else told
