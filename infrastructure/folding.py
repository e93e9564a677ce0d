"""Folding documents for the view store: what they come to, what of it is stored, and what cannot be folded."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from application.amended import Standing
from application.fold import Place, evolved, touched
from application.listing import ACROSS
from application.view import Document, Index, Record, View, texts
from domain.moment import reached
from domain.text import terms
from infrastructure.documents import HIDDEN, SHOWN, SHOWN_ACROSS, Changed, Parked, Stored, tags
from infrastructure.serialization import decode_document, encode_document

KEPT_BYTES = 8 * 2**20
"""How much JSON is kept in memory as documents, which take about eight times as much."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it was stored last."""

    stored: Stored
    document: Document
    index: Index

    @classmethod
    def of(cls, view: View, stored: Stored) -> "Kept":
        document = decode_document(view, stored.body, stored.private)
        return cls(stored, document, view.index(document))


class KeptDocuments:
    """The documents that were stored last, as far as there is room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Place, Kept] = OrderedDict()
        self._bytes = 0

    def of(self, places: Iterable[Place]) -> dict[Place, Kept]:
        """Those that are kept, of some places."""
        return {place: self._kept[place] for place in places if place in self._kept}

    def keep(self, place: Place, kept: Kept) -> None:
        self.drop(place)
        self._kept[place] = kept
        self._bytes += kept.stored.length
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.stored.length

    def drop(self, place: Place) -> None:
        if kept := self._kept.pop(place, None):
            self._bytes -= kept.stored.length

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0


@dataclass(frozen=True, slots=True)
class Fresh:
    """A document after some records, and as it is to be stored."""

    changed: Changed
    document: Document
    index: Index


class Folding(NamedTuple):
    """One document that some records touch, and those of them that count in it."""

    view: View
    records: list[Record]


class Postponed(NamedTuple):
    """A record that takes effect later."""

    position: int
    due: str
    negotiation: str


class Folded(NamedTuple):
    """What some records come to."""

    documents: list[Changed]
    postponed: list[Postponed]
    parked: list[Parked]


def postponed(standing: Standing, asked: str) -> list[Postponed]:
    """The times at which a record will take effect."""
    position, event = standing.record
    envelope = event.envelope
    times = (envelope.occurred, envelope.takes_effect, *standing.begins)
    return [Postponed(position, time, envelope.negotiation) for time in times if not reached(time, asked)]


def counting(standings: Iterable[Standing], asked: str) -> dict[Place, Folding]:
    """The documents that some records touch, each with those that count in it at an asked time."""
    found: dict[Place, Folding] = {}
    for standing in standings:
        for view, place in touched(standing.record):
            if standing.counts(view, asked):
                found.setdefault(place, Folding(view, [])).records.append(standing.record)
    return found


def from_nothing(standings: Sequence[Standing], asked: str) -> Folded:
    """All that the records of a negotiation come to, given in the order of their places."""
    folded = Folded([], [late for standing in standings for late in postponed(standing, asked)], [])
    for place, (view, records) in counting(standings, asked).items():
        document, parked = taken(view, place, None, records)
        folded.parked.extend(parked)
        if document is not None:
            folded.documents.append(fresh(view, place, document, records[-1]).changed)
    return folded


def taken(
    view: View, place: Place, document: Document | None, records: Sequence[Record]
) -> tuple[Document | None, list[Parked]]:
    """The document after some records, and those of them that the fold cannot take."""
    try:
        return evolved(view, place[2], document, records), []
    except Exception:
        parked = []
        for record in records:
            try:
                document = evolved(view, place[2], document, [record])
            except Exception as error:
                _log.exception("a record cannot be folded, and is parked", position=record.position, place=place)
                parked.append(Parked(record.position, *place, f"{type(error).__name__}: {error}"))
        return document, parked


def fresh(view: View, place: Place, document: Document, last: Record, kept: Kept | None = None) -> Fresh:
    """A document that takes the place of the one kept; `last` is the last record folded into it."""
    index = view.index(document)
    told, added = _told(index, kept.index if kept else None)
    body, private = encode_document(document)
    changed = Changed(
        place=place,
        before=kept.stored if kept else None,
        folded=last.place,
        body=body,
        private=private,
        listed=(index.kind, index.date, tags(place, index), _shown(view, index)),
        words=None if told is None else terms(told),
        added=added,
    )
    return Fresh(changed, document, index)


def _shown(view: View, index: Index) -> int:
    if not index.shown:
        return HIDDEN
    return SHOWN_ACROSS if view.name in ACROSS else SHOWN


def _told(index: Index, before: Index | None) -> tuple[str | None, bool]:
    """The text by which a document is found, if it is another than before; of a history that grew, what was added."""
    if before is None:
        return texts(index.text), False
    parts, known = _parts(index), _parts(before)
    if len(parts) >= len(known) and all(map(_told_alike, parts, known)):
        more = parts[len(known) :]
        return texts(tuple(more)) if more else None, True
    return texts(index.text), False


def _told_alike(new: object, old: object) -> bool:
    return new is old or texts(new) == texts(old)


def _parts(index: Index) -> list[object]:
    """What a text is made of: a history by its entries."""
    return [part for told in index.text for part in (told if isinstance(told, tuple) else (told,))]
