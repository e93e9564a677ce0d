"""Flags: what is possible but irregular, rule by rule, with the records that make it so."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from application.flag import LADDER, Detail, Observation, Rule, Seen, all_rules, observations
from application.fold import all_views, touched
from application.tally import Tally, taken
from application.view import AtOnce, Basis, Document, Index, Private, Record, View
from domain.event import DomainEvent

IMPOSSIBLE = "no-longer-possible/"
"""Where it stands that a record would be refused by now: the record's id follows."""
SEEN_MAX = 100
"""How much is remembered under one name, so that a fold stays linear; what is told later is not compared."""


class FlagDocument(Document, frozen=True):
    """What one rule found in what it watches together.

    `seen` is all that it looked at, also where that is regular; or `tally` is, of the money as a whole.
    """

    rule: str
    severity: str
    says: str
    source: str
    details: tuple[Detail, ...] = ()
    seen: Private[tuple[Seen, ...]] = ()
    tally: Private[Tally | None] = None


def keys(event: DomainEvent) -> Iterator[str]:
    yield from dict.fromkeys(f"{rule.name}/{observation.watched}" for rule, observation in observations(event))


def evolve_all(document: FlagDocument | None, records: Sequence[Record], key: str) -> FlagDocument:
    name, _, watched = key.partition("/")
    rule = all_rules()[name]
    if rule.tally and watched == LADDER:
        tally = taken((document and document.tally) or Tally(), records)
        return _document(rule, records[0], key, details=tuple(rule.tally(tally)), tally=tally)
    details = document.details if document else ()
    seen = {_likeness(one, one.told_by): one for one in (document.seen if document else ())}
    for record in records:
        for observation in rule.sees(record.event):
            likeness = _likeness(observation, _told_by(record.event))
            if observation.watched == watched and len(seen) < SEEN_MAX and likeness not in seen:
                seen[likeness] = _seen(observation, record)
                details = rule.judge(tuple(seen.values()), details)
    return _document(rule, records[0], key, details=details, seen=tuple(seen.values()))


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


def _seen(observation: Observation, record: Record) -> Seen:
    return Seen(
        what=observation.what,
        number=observation.number,
        unit=observation.unit,
        qualifier=observation.qualifier,
        told_by=_told_by(record.event),
        basis=Basis.of(record),
        touches=tuple(f"{view.name}/{place[2]}" for view, place in touched(record, _others())),
    )


@cache
def _others() -> frozenset[View]:
    return frozenset(all_views()) - {VIEW}


def _told_by(event: DomainEvent) -> str | None:
    return getattr(event, "claimant", None) or getattr(event, "party", None)


def _likeness(one: Observation | Seen, told_by: str | None) -> tuple[str | None, ...]:
    """What makes two observations one."""
    return one.what, one.number, one.unit, one.qualifier, told_by


def index(document: FlagDocument) -> Index:
    records = [basis for detail in document.details for basis in detail.records]
    return Index(
        kind=document.rule,
        when=records[0].occurred if records else "",
        text=(document.rule, document.says, *(detail.text for detail in document.details)),
        touches=frozenset(place for detail in document.details for place in detail.touches),
        shown=bool(document.details),
    )


VIEW = View("flags", FlagDocument, keys, AtOnce(evolve_all), index, listed="both", kinds=tuple(all_rules()))
