"""Lists: which documents of a view are asked for, and in which order. The view store asks the same in SQL."""

import heapq
from collections.abc import Iterable
from typing import NamedTuple

from application.view import Document, Index, View
from domain.text import words

Row = tuple[str, str, str]
"""The place of a document in a list: the key that it is sorted by, its negotiation and its key."""


class Query(NamedTuple):
    """What a list is narrowed to. Dates are keys of `domain.moment.order`; `date_to` is exclusive."""

    view: str
    negotiation: str | None = None
    kind: str | None = None
    party: str | None = None
    issue: str | None = None
    date_from: str | None = None
    date_to: str | None = None
    text: str | None = None
    sort: str = "date"
    after: Row | None = None
    limit: int = 100


def select(view: View, documents: Iterable[Document], query: Query) -> list[tuple[Row, Document]]:
    """The page of the documents that a query asks for."""
    by_date, descending = query.sort.endswith("date"), query.sort.startswith("-")
    found = []
    for document in documents:
        index = _index(view, document)
        row = (index.date if by_date else document.key, document.negotiation, document.key)
        if query.after and (row >= query.after if descending else row <= query.after):
            continue
        if _matches(index, query):
            found.append((row, document))
    pick = heapq.nlargest if descending else heapq.nsmallest
    return pick(query.limit, found, key=lambda entry: entry[0])


def _matches(index: Index, query: Query) -> bool:
    return (
        index.shown
        and (query.kind is None or index.kind == query.kind)
        and (query.party is None or query.party in index.parties)
        and (query.issue is None or query.issue in index.issues)
        and (query.date_from is None or index.date >= query.date_from)
        and (query.date_to is None or "" != index.date < query.date_to)
        and (query.text is None or _holds(index.text, query.text))
    )


def _holds(text: str, sought: str) -> bool:
    """Whether a text has all the words, each as the beginning of one of its own."""
    known, prefixes = words(text), words(sought)
    return bool(prefixes) and all(any(word.startswith(prefix) for word in known) for prefix in prefixes)


_indexed: dict[int, tuple[Document, Index]] = {}
"""The index of documents that were listed lately, by the identity of the document."""
_INDEXED_MAX = 300_000


def _index(view: View, document: Document) -> Index:
    known = _indexed.get(id(document))
    if known and known[0] is document:
        return known[1]
    if len(_indexed) >= _INDEXED_MAX:
        _indexed.clear()
    index = view.index(document)
    _indexed[id(document)] = (document, index)
    return index
