"""Flags: what is possible but irregular, rule by rule, with the records that make it so."""

from collections.abc import Iterator, Sequence
from typing import Any

from application.flag import Detail, Rule, Seen, Sight, all_rules, sights
from application.fold import all_views, touched
from application.tally import Tally, taken
from application.view import Basis, Document, Index, Record, View
from domain.event import DomainEvent
from domain.moment import order

IMPOSSIBLE = "no-longer-possible/records"
SEEN_MAX = 100
"""How much is remembered under one name, so that a fold stays linear; what is told later is not compared."""


class FlagDocument(Document, frozen=True):
    """What one rule found in what it watches together.

    `seen` is all that it looked at, also where that is regular; or `tally` is, for a rule about the money as a whole.
    """

    rule: str
    severity: str
    says: str
    source: str
    details: tuple[Detail, ...] = ()
    seen: tuple[Seen, ...] = ()
    tally: Tally | None = None


def keys(event: DomainEvent) -> Iterator[str]:
    yield from dict.fromkeys(f"{rule.name}/{sight.watched}" for rule, sight in sights(event))


def evolve(document: FlagDocument | None, record: Record, key: str) -> FlagDocument:
    return evolve_all(document, [record], key)


def evolve_all(document: FlagDocument | None, records: Sequence[Record], key: str) -> FlagDocument:
    name, _, watched = key.partition("/")
    rule = all_rules()[name]
    if rule.tally:
        tally = taken((document and document.tally) or Tally(), records)
        return _document(rule, records[0], key, details=tuple(rule.tally(tally)), tally=tally)
    details = document.details if document else ()
    seen = {_likeness(one, rule): one for one in (document.seen if document else ())}
    for record in records:
        for sight in rule.sees(record.event):
            new = _seen(sight, record) if sight.watched == watched else None
            if new and rule.replaces:
                seen.pop(_likeness(new, rule), None)
                seen[_likeness(new, rule)] = new
            elif new and len(seen) < SEEN_MAX and _likeness(new, rule) not in seen:
                seen[_likeness(new, rule)] = new
                details = rule.judge(tuple(seen.values()), details)
    found = rule.judge(tuple(seen.values()), details) if rule.replaces else details
    return _document(rule, records[0], key, details=found, seen=tuple(seen.values()))


def _document(rule: Rule, record: Record, key: str, **found: Any) -> FlagDocument:
    return FlagDocument(
        negotiation=record.event.envelope.negotiation,
        key=key,
        rule=rule.name,
        severity=rule.severity,
        says=rule.says,
        source=rule.source,
        **found,
    )


def _seen(sight: Sight, record: Record) -> Seen:
    event = record.event
    others = [view for view in all_views() if view is not VIEW]
    return Seen(
        what=sight.what,
        number=sight.number,
        unit=sight.unit,
        told_by=getattr(event, "claimant", None) or getattr(event, "party", None),
        basis=Basis.of(record),
        touches=tuple(f"{view.name}/{place[2]}" for view, place in touched(record, others)),
    )


def _likeness(seen: Seen, rule: Rule) -> tuple[str | None, ...]:
    """What makes two sights one."""
    return (seen.what,) if rule.replaces else (seen.what, seen.number, seen.unit, seen.told_by)


def index(document: FlagDocument) -> Index:
    records = [basis for detail in document.details for basis in detail.records]
    return Index(
        kind=document.rule,
        date=order(records[0].occurred) if records else "",
        text=(document.rule, document.says, *(detail.text for detail in document.details)),
        touches=frozenset(place for detail in document.details for place in detail.touches),
        shown=bool(document.details),
    )


VIEW = View("flags", FlagDocument, keys, evolve, index, evolve_all=evolve_all)
