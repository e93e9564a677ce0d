"""A replay as plain as it can be, written from the design and not from the code: slow, and in no one's way.

It takes the records of one negotiation as they stand in the log, and three times; of the code it uses the
views' `keys` and `evolve`, what an event speaks of, and the decoding of an event.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from application.fold import all_views
from application.view import Document, Record
from domain.amendment import Corrected, Retracted, doubted
from domain.event import DomainEvent
from domain.finding import Finding
from domain.names import references


def instant_of(moment: str) -> datetime:
    """When a moment begins, where it begins first on Earth."""
    if "T" in moment:
        return datetime.fromisoformat(moment).astimezone(UTC)
    return datetime.fromisoformat(_date(moment)).replace(tzinfo=UTC) - timedelta(hours=14)


def begun(moment: str, asked: str) -> bool:
    if "T" in asked:
        return instant_of(moment) <= instant_of(asked)
    return date.fromisoformat(_date(moment)) <= date.fromisoformat(asked)


def _date(moment: str) -> str:
    return (moment + "-01-01")[:10]


def sort_key(event: DomainEvent) -> tuple[Any, ...]:
    """By the date as it was written, a bare date first, then by the instant."""
    occurred = event.envelope.occurred
    return _date(occurred), "T" in occurred, instant_of(occurred)


def replay(records: list[Record], as_of: str, public_at: str | None, known_at: str | None) -> dict[Any, Document]:
    """All documents, by view and key."""
    seen = [record for record in records if not known_at or begun(record.event.envelope.recorded.isoformat(), known_at)]
    if public_at:
        seen = _public(seen, public_at)
    amendments = [record.event for record in seen if isinstance(record.event, Corrected | Retracted)]
    turns = [event.envelope.effective for event in amendments if event.envelope.effective]
    moments = ["0001-01-02", *map(_date, turns), *(instant_of(turn).isoformat() for turn in turns)]

    def stands(event: DomainEvent, at: str) -> bool:
        return not any(
            isinstance(other, Retracted)
            and other.record == event.envelope.id
            and _holds(other, at)
            and stands(other, at)
            for other in amendments
        )

    told = [event for _, event in seen if event not in amendments]
    ever = [event for event in told if any(stands(event, moment) for moment in moments)]
    lost = set(map(_named, told)) - set(map(_named, ever))

    def rules(made: Finding.Made) -> bool:
        """Whether nothing that a finding speaks of was taken back for all times."""
        return not lost.intersection((name.kind, name.key) for name in references(made))

    documents: dict[Any, Document] = {}
    for view in all_views():
        counting = []
        for record in seen:
            event = record.event
            if not stands(event, as_of):
                continue
            if isinstance(event, Finding.Made) and not rules(event):
                event = doubted(event, "It speaks of what is not known.")
            for other in amendments:
                named = isinstance(other, Corrected) and other.record == event.envelope.id
                if named and _holds(other, as_of) and stands(other, as_of):
                    event = _corrected(event, other)
            counts_from = event.envelope.occurred
            if view.name != "timeline":
                counts_from = event.envelope.effective or counts_from
            if begun(counts_from, as_of):
                counting.append(Record(record.position, event))
        for record in sorted(counting, key=lambda r: (sort_key(r.event), r.position)):
            for key in view.keys(record.event):
                place = view.name, key
                documents[place] = view.evolve(documents.get(place), record, key)
    return documents


def _named(event: DomainEvent) -> tuple[str, str]:
    return event.TOPIC.partition(".")[0].lower(), event.envelope.key


def _public(seen: list[Record], asked: str) -> list[Record]:
    """Those published by then, where published is what the amendments of then make of it."""
    events = {record.event.envelope.id: record.event for record in seen}
    amendments = [
        event
        for event in events.values()
        if isinstance(event, Corrected | Retracted)
        and (event.envelope.published is None or begun(event.envelope.published, asked))
    ]
    taken_back: set[Any] = set()
    for event in reversed(amendments):
        if isinstance(event, Retracted) and event.envelope.id not in taken_back:
            taken_back.add(event.record)

    def published(event: DomainEvent) -> bool:
        if isinstance(event, Corrected | Retracted):
            return event in amendments and published(events[event.record])
        when = event.envelope.published
        if event.envelope.id not in taken_back:
            for other in amendments:
                named = isinstance(other, Corrected) and other.record == event.envelope.id
                if named and other.envelope.id not in taken_back and "published" in other.changes:
                    when = other.changes["published"]
        return when is not None and begun(when, asked)

    return [record for record in seen if published(record.event)]


def _holds(amendment: DomainEvent, as_of: str) -> bool:
    return amendment.envelope.effective is None or begun(amendment.envelope.effective, as_of)


def _corrected(event: DomainEvent, correction: Corrected) -> DomainEvent:
    told = msgspec.to_builtins(event)
    for name, value in correction.changes.items():
        part = told["envelope"] if name in told["envelope"] or name in {"effective", "published", "reason"} else told
        part[name] = value
    told["envelope"]["corrections"] = [*told["envelope"].get("corrections", []), str(correction.envelope.id)]
    return msgspec.convert(told, type(event))
