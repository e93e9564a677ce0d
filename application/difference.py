"""The difference between two moments: what changed, field by field, which records did it, and who moved."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, NamedTuple

from application.fold import all_views
from application.path import differing
from application.projections.positions import PositionDocument
from application.replay import Held, History
from application.view import Basis, Document, Record, View
from domain.amendment import Amendment
from domain.fact import Fact
from domain.value import Value


class FieldChange(Fact, omit_defaults=False, frozen=True):
    """One field, at both moments; none where it was not there."""

    field: str
    before: Any
    after: Any


class Change(Fact, omit_defaults=False, frozen=True):
    """One document: `records` came into it, or amended what is in it; `gone` no longer count in it."""

    view: str
    key: str
    change: str
    fields: tuple[FieldChange, ...]
    records: tuple[Basis, ...]
    gone: tuple[Basis, ...]


class Move(Fact, omit_defaults=False, frozen=True):
    """A claimant that stands elsewhere than before, on what evidence."""

    party: str
    subject: str
    kind: str
    before: Value | None
    after: Value | None
    records: tuple[Basis, ...]


class Moment(NamedTuple):
    """One side of a difference: a history, and the time of the world at which it is asked."""

    history: History
    as_of: str


def difference(before: Moment, after: Moment, view: str | None, key: str | None) -> Iterator[Change | Move]:
    """The documents of a view, or of all but the timeline, that differ; and after each the move that it shows."""
    amending = _amending(before, after)
    for each in all_views():
        if view == each.name or (view is None and each.name != "timeline"):
            old = before.history.view(each.name).documents(before.as_of)
            new = after.history.view(each.name).documents(after.as_of)
            for name in sorted({*old, *new} if key is None else {key} & {*old, *new}):
                yield from _between(each, name, (old.get(name), new.get(name)), before, after, amending)


def _between(
    view: View,
    key: str,
    documents: tuple[Held | None, Held | None],
    before: Moment,
    after: Moment,
    amending: list[Record],
) -> Iterator[Change | Move]:
    old, new = (held.document if held and held.index.shown else None for held in documents)
    if old == new:
        return
    then, now = _counting(before, view, key), _counting(after, view, key)
    known = {record.event.envelope.id for record in then}
    fresh = [record for record in now if record.event.envelope.id not in known]
    streams = {record.event.envelope.stream for record in (*then, *now)}
    amendments = [record for record in amending if record.event.envelope.stream in streams]
    records = tuple(map(Basis.of, sorted([*fresh, *amendments], key=attrgetter("place"))))
    change = "added" if old is None else "removed" if new is None else "changed"
    fields = tuple(FieldChange(field=path, before=a, after=b) for path, a, b in differing(old, new) if path)
    left = {record.event.envelope.id for record in now}
    gone = tuple(Basis.of(record) for record in then if record.event.envelope.id not in left)
    yield Change(view=view.name, key=key, change=change, fields=fields, records=records, gone=gone)
    position = new or old
    if isinstance(position, PositionDocument):
        was, is_now = _stand(old), _stand(new)
        if was != is_now:
            yield Move(
                party=position.party,
                subject=position.subject,
                kind=position.kind,
                before=was,
                after=is_now,
                records=records,
            )


def _amending(before: Moment, after: Moment) -> list[Record]:
    """The corrections and retractions that hold at one of the moments alone."""
    holding = [
        {
            record.event.envelope.id: record
            for record in moment.history.records
            if isinstance(record.event, Amendment) and record.event.holds_at(moment.as_of)
        }
        for moment in (before, after)
    ]
    return [
        record for name, record in (holding[0] | holding[1]).items() if (name in holding[0]) != (name in holding[1])
    ]


def _stand(document: Document | None) -> Value | None:
    current = document.current if isinstance(document, PositionDocument) else None
    return current.value if current else None


def _counting(moment: Moment, view: View, key: str) -> list[Record]:
    return moment.history.view(view.name).records(key, moment.as_of)
