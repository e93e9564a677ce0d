"""The difference between two moments: what changed, field by field, which records did it, and who moved."""

from collections.abc import Iterator, Set
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from application.fold import all_views
from application.path import differing
from application.projections.positions import PositionDocument
from application.reckoning import Reckoner
from application.replay import Held, History
from application.view import Basis, Document, Record, View, served
from domain.amendment import Amendment
from domain.claim import Claim
from domain.fact import Fact
from domain.moment import reached
from domain.value import Value


class FieldChange(Fact, omit_defaults=False, frozen=True):
    """One field, at both moments; none where it was not there."""

    field: str
    before: Any
    after: Any


class Change(Fact, omit_defaults=False, frozen=True):
    """One document: `records` came into it, or amended what is in it; `gone` no longer count in it.

    Where there are none, it changed by the day, or by a record elsewhere: a deadline passed, a condition came about.
    """

    view: str
    key: str
    change: str
    fields: tuple[FieldChange, ...]
    records: tuple[Basis, ...]
    gone: tuple[Basis, ...]


class Shift(Fact, omit_defaults=False, frozen=True):
    """Another value at which a claimant stands, and the records that made it so. `unordered` are claims of another
    value that may have come after it, as their time is too vague: then it may stand there still.
    """

    party: str
    subject: str
    kind: str
    before: Value | None
    after: Value | None
    records: tuple[Basis, ...]
    unordered: tuple[str, ...]


class Move(Shift, frozen=True):
    """The claimant moved: it made or withdrew a claim in between."""


class PutRight(Shift, frozen=True):
    """The claimant did not move: what is on record of it was corrected or retracted."""


class Side(NamedTuple):
    """One side of a difference: a history, and the time of the world at which it is asked."""

    history: History
    as_of: str

    def seen(self, view: View, held: Held | None) -> Document | None:
        """A document as it is shown, with what depends on the day."""
        if held is None or not held.index.shown:
            return None
        document = served(held.document)
        return view.reckoned(document, Reckoner(self.history, self.as_of)) if view.reckoned else document


def difference(before: Side, after: Side, view: str | None, key: str | None) -> Iterator[Change | Shift]:
    """The documents of a view, or of all but the timeline, that differ; and after each the shift that it shows."""
    amending = _amending(before, after)
    on_record = {record.event.envelope.id for record in before.history.records}
    for each in all_views():
        if view == each.name or (view is None and each.name != "timeline"):
            old = before.history.view(each.name).documents(before.as_of)
            new = after.history.view(each.name).documents(after.as_of)
            for name in sorted({*old, *new} if key is None else {key} & {*old, *new}):
                yield from _between(each, name, (old.get(name), new.get(name)), before, after, amending, on_record)


def _between(
    view: View,
    key: str,
    documents: tuple[Held | None, Held | None],
    before: Side,
    after: Side,
    amending: list[tuple[Record, UUID]],
    on_record: Set[UUID],
) -> Iterator[Change | Shift]:
    old, new = before.seen(view, documents[0]), after.seen(view, documents[1])
    if old == new:
        return
    then, now = _counting(before, view, key), _counting(after, view, key)
    known = {record.event.envelope.id for record in then}
    left = {record.event.envelope.id for record in now}
    fresh = [record for record in now if record.event.envelope.id not in known]
    amendments = [record for record, amended in amending if amended in known | left]
    change = "added" if old is None else "removed" if new is None else "changed"
    changes = [FieldChange(field=path, before=a, after=b) for path, a, b in differing(old, new)]
    fields = tuple(change for change in changes if change.field)
    told = [Basis.of(record) for record in sorted([*fresh, *amendments], key=attrgetter("place"))]
    told += [basis for change in fields if (basis := _basis_of(change.after)) and basis.record not in known | left]
    records = tuple({basis.record: basis for basis in told}.values())
    gone = tuple(Basis.of(record) for record in then if record.event.envelope.id not in left)
    if not (changes or records or gone):
        return  # a day went by
    yield Change(view=view.name, key=key, change=change, fields=fields, records=records, gone=gone)
    position = new or old
    if isinstance(position, PositionDocument):
        was, is_now = _stand(old), _stand(new)
        if was != is_now:
            came = [r for r in fresh if not (r.event.envelope.id in on_record and _had_come(r, before.as_of))]
            yield (Move if any(_moves(record, new) for record in came) else PutRight)(
                party=position.party,
                subject=position.subject,
                kind=position.kind,
                before=was,
                after=is_now,
                records=records,
                unordered=new.unordered if isinstance(new, PositionDocument) else (),
            )


def _basis_of(entry: object) -> Basis | None:
    """What an entry rests on; one that shows before it counts is of no record that does."""
    basis = getattr(entry, "basis", None)
    return basis if isinstance(basis, Basis) else None


def _had_come(record: Record, asked: str) -> bool:
    """Whether the time of a record had come: one that was on record then counts only now because it was put right."""
    return reached(record.event.envelope.takes_effect, asked)


def _moves(record: Record, position: Document | None) -> bool:
    """Whether a record is the claim that stands now, or where none does a withdrawal."""
    current = position.current if isinstance(position, PositionDocument) else None
    if current is None:
        return isinstance(record.event, Claim.Withdrawn)
    return bool(current.basis.record == record.event.envelope.id)


def _amending(before: Side, after: Side) -> list[tuple[Record, UUID]]:
    """The corrections and retractions that hold at one of the moments alone, each with the record that it amends."""
    told = [
        {r.event.envelope.id: (r, r.event) for r in moment.history.records if isinstance(r.event, Amendment)}
        for moment in (before, after)
    ]
    holding = [
        {named for named, (_, event) in amendments.items() if event.holds_at(moment.as_of)}
        for amendments, moment in zip(told, (before, after), strict=True)
    ]
    found = []
    known = told[0] | told[1]
    for named in known:
        record, event = known[named]
        if (named in holding[0]) != (named in holding[1]):
            while event.record in known:  # a retraction can be retracted
                event = known[event.record][1]
            found.append((record, event.record))
    return found


def _stand(document: Document | None) -> Value | None:
    current = document.current if isinstance(document, PositionDocument) else None
    return current.value if current else None


def _counting(moment: Side, view: View, key: str) -> list[Record]:
    return moment.history.view(view.name).records(key, moment.as_of)
