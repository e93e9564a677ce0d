"""Sources: the documents on file; syndicated copies of one text point to it and count as one."""

from collections.abc import Iterator
from typing import get_args

from msgspec.structs import replace

from application.view import Basis, Document, Index, Record, View
from domain.event import DomainEvent
from domain.source import Kind, Source


class SourceDocument(Document, frozen=True):
    """One source; `copy_of` names what it repeats, `copies` what repeats it."""

    title: str = ""
    publisher: str = ""
    kind: str = ""
    address: str | None = None
    language: str | None = None
    sha256: str | None = None
    published: str | None = None
    copy_of: str | None = None
    copies: tuple[str, ...] = ()
    basis: Basis | None = None


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Source.Registered():
            yield event.envelope.key
        case Source.MarkedAsCopy():
            yield event.envelope.key
            yield event.of


def evolve(document: SourceDocument | None, record: Record, key: str) -> SourceDocument:
    event = record.event
    document = document or SourceDocument(negotiation=event.envelope.negotiation, key=key)
    match event:
        case Source.Registered():
            return replace(
                document,
                title=event.title,
                publisher=event.publisher,
                kind=event.kind,
                address=event.address,
                language=event.language,
                sha256=event.sha256,
                published=event.envelope.published,
                basis=Basis.of(record),
            )
        case Source.MarkedAsCopy() if key == event.of:
            return replace(document, copies=tuple(sorted({*document.copies, event.envelope.key})))
        case Source.MarkedAsCopy():
            return replace(document, copy_of=event.of)
    return document


def index(document: SourceDocument) -> Index:
    return Index(
        kind=document.kind,
        when=document.published or "",
        text=(document.key, document.title, document.publisher, document.address),
    )


VIEW = View("sources", SourceDocument, keys, evolve, index, listed="both", kinds=get_args(Kind), of=(Source,))
