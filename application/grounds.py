"""On what grounds: the records and sources that a field rests on, and all that rests on a source."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import astuple

from application.fold import touched, view_named
from application.path import NOTHING, NoSuchField, at
from application.projections.sources import SourceDocument
from application.reckoning import Reckoner
from application.replay import History
from application.view import Basis, Document, Record, View, private_fields, served
from domain.aggregate import stream_id
from domain.amendment import Retracted
from domain.fact import Fact
from domain.moment import order
from domain.source import Source

WORKED_OUT_MAX = 200
"""Of how many steps it is worked out what each makes of a field: for each the whole document is."""


class Step(Fact, omit_defaults=False, frozen=True):
    """A record that changed the field, and what stood there before and after it."""

    before: Any
    after: Any
    basis: Basis


class CitedSource(Fact, omit_defaults=False, frozen=True):
    """A source with those of its copies that are cited: together they are one."""

    source: str
    cited: tuple[str, ...]
    records: tuple[str, ...]


class Grounds(Fact, omit_defaults=False, frozen=True):
    """How a field came to be what it is, the last record last, and the sources of those records.

    What is `worked_out` depends on the day, and may rest on all records of the document: each step then says what those
    up to it make of the field on that day, as long as they are no more than `WORKED_OUT_MAX`. `elsewhere` are the
    records about other things that the document is worked out from.
    """

    view: str
    key: str
    field: str | None
    value: Any
    worked_out: bool
    steps: tuple[Step, ...]
    elsewhere: tuple[Basis, ...]
    sources: tuple[CitedSource, ...]


class Dependent(Fact, omit_defaults=False, frozen=True):
    """A record that cites a source or a copy of it, and the documents in which it counts."""

    type: str
    basis: Basis
    documents: tuple[str, ...]


class RetractedSource(Fact, omit_defaults=False, frozen=True):
    """A source that is no longer on file, and the record that retracted it."""

    source: str
    basis: Basis


class Reliance(Fact, omit_defaults=False, frozen=True):
    """All that rests on one source, its copies counted with it, and which of these are retracted."""

    source: str
    copies: tuple[str, ...]
    retracted: tuple[RetractedSource, ...]
    records: tuple[Dependent, ...]
    documents: tuple[str, ...]


def grounds(history: History, view: str, key: str, field: str | None, as_of: str) -> Grounds | None:
    """What a field of a document rests on, or the whole document; none if there is no such document then."""
    fold, path = view_named(view), field or ""
    held, records = history.view(view).document(key, as_of), history.view(view).records(key, as_of)
    if held is None or not held.index.shown:
        return None

    def on_the_day(document: Document) -> Document:
        document = served(document)
        return fold.reckoned(document, Reckoner(history, as_of)) if fold.reckoned else document

    shown = on_the_day(held.document)
    value = at(shown, path)
    if value is NOTHING:
        fields = [name for name in fold.document.__struct_fields__ if name not in private_fields(fold.document)]
        raise NoSuchField(f"{field} (of {', '.join(fields)})", "field")
    worked_out = bool(field) and value != at(held.document, path)
    is_told = bool(field) and not (worked_out and len(records) > WORKED_OUT_MAX)
    document: Any = None
    was, told = None, list[Step]()
    for record in records:
        before, document = document, fold.evolve(document, record, key)
        if document == before:
            continue
        is_seen = not field or fold.index(document).shown  # before that it is only kept to fold on
        is_now = _shown(at(on_the_day(document) if worked_out else document, path)) if is_told and is_seen else None
        if was != is_now or (worked_out and is_seen) or not field:
            told.append(Step(before=was, after=is_now, basis=Basis.of(record)))
        was = is_now
    own = {basis.record for basis in _bases(held.document)} | {record.event.envelope.id for record in records}
    named = {basis.record: basis for basis in _bases(shown)} if worked_out or not field else {}
    elsewhere = sorted((b for record, b in named.items() if record not in own), key=lambda b: order(b.occurred))
    return Grounds(
        view=view,
        key=key,
        field=field,
        value=value,
        worked_out=worked_out,
        steps=tuple(told),
        elsewhere=tuple(elsewhere),
        sources=_cited(history, (*(step.basis for step in told), *elsewhere), as_of),
    )


def _bases(told: object) -> Iterator[Basis]:
    """What a document, or a part of one, rests on."""
    if isinstance(told, Basis):
        yield told
    elif isinstance(told, tuple | Fact):
        for part in told if isinstance(told, tuple) else astuple(told):
            yield from _bases(part)


def reliance(history: History, source: str, as_of: str) -> Reliance:
    """What rests on a source, from whichever of its copies it is asked."""
    roots = _roots(history, as_of)
    root = roots.get(source, source)
    same = {root, *(copy for copy, first in roots.items() if first == root)}
    found = []
    for record in history.view("timeline").all_records(as_of):
        if same & {evidence.source for evidence in record.event.envelope.evidence}:
            documents = tuple(f"{view.name}/{key}" for view, key in _shown_in(history, record, as_of))
            found.append(Dependent(type=record.event.TOPIC, basis=Basis.of(record), documents=documents))
    touching = tuple(sorted({place for dependent in found for place in dependent.documents}))
    return Reliance(
        source=root,
        copies=tuple(sorted(same - {root})),
        retracted=tuple(retracted for one in sorted(same) for retracted in _retracted(history, one, as_of)),
        records=tuple(found),
        documents=touching,
    )


def _retracted(history: History, source: str, as_of: str) -> Iterator[RetractedSource]:
    """The retraction of a source, if it was registered and is not on file now."""
    stream = stream_id(history.negotiation, Source.KIND, source)
    standing = [one.record for one in history.of_stream(stream) if one.holds(as_of)]
    if any(isinstance(record.event, Source.Registered) for record in standing):
        return
    registered = {r.event.envelope.id for r in history.records if isinstance(r.event, Source.Registered)}
    for record in standing:
        event = record.event
        if isinstance(event, Retracted) and event.record in registered and event.holds_at(as_of):
            yield RetractedSource(source=source, basis=Basis.of(record))


def _shown_in(history: History, record: Record, as_of: str) -> Iterator[tuple[View, str]]:
    """The documents in which a record counts, as far as lists show them; the timeline goes without saying."""
    for view, (_, _, key) in touched(record):
        held = history.view(view.name).document(key, as_of) if view.name != "timeline" else None
        if held and held.index.shown:
            yield view, key


def _cited(history: History, bases: Iterable[Basis], as_of: str) -> tuple[CitedSource, ...]:
    roots = _roots(history, as_of)
    cited: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for basis in bases:
        for evidence in basis.evidence:
            names, records = cited.setdefault(roots.get(evidence.source, evidence.source), ({}, {}))
            names[evidence.source] = None
            records[str(basis.record)] = None
    return tuple(
        CitedSource(source=source, cited=tuple(names), records=tuple(records))
        for source, (names, records) in cited.items()
    )


def _roots(history: History, as_of: str) -> dict[str, str]:
    """The source that each copy repeats, at the end of the chain."""
    copy_of = {
        key: held.document.copy_of
        for key, held in history.view("sources").documents(as_of).items()
        if isinstance(held.document, SourceDocument) and held.document.copy_of
    }
    roots = {}
    for copy in copy_of:
        root, seen = copy, {copy}
        while (following := copy_of.get(root)) and following not in seen:
            root = following
            seen.add(root)
        roots[copy] = root
    return roots


def _shown(value: Any) -> Any:
    return None if value is NOTHING else value
