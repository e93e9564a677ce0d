"""Lists: which documents of a view are asked for, and in which order. The view store asks the same in SQL."""

from collections.abc import Iterable
from typing import NamedTuple

from application.fold import all_views
from application.replay import Held
from application.view import Index, Row, texts
from domain.moment import vaguely
from domain.text import terms

VIEWS = tuple(view.name for view in all_views())
ACROSS = tuple(view.name for view in all_views() if view.listed in {"across", "both"})
"""The views that are listed across negotiations."""
WITHIN = tuple(view.name for view in all_views() if view.listed in {"within", "both"})
"""The views that are lists within a negotiation."""
ALONE = tuple(view.name for view in all_views() if view.listed == "alone")
"""The views that are one document of each negotiation, named as the view."""

ALL = 2**31
"""How many documents a page holds that is to hold all."""


class Query(NamedTuple):
    """What a list is narrowed to. Dates are keys of `domain.moment.order`; `date_to` is exclusive. What is told to the
    month or the year is of each of its dates.
    """

    view: str
    negotiations: frozenset[str] | None = None
    """Of which alone: `None` is all of them, and an empty set is nothing."""
    left_out: frozenset[str] = frozenset()
    """Negotiations whose documents are looked for elsewhere."""
    kind: str | None = None
    status: str | None = None
    party: str | None = None
    issue: str | None = None
    date_from: str | None = None
    date_to: str | None = None
    text: str | None = None
    sort: str = "date"
    after: Row | None = None
    limit: int = 100


def select(documents: Iterable[Held], query: Query) -> list[tuple[Row, Held]]:
    """The page that a query asks for, of documents in its order."""
    found: list[tuple[Row, Held]] = []
    for held in documents:
        row = held.row(query.sort)
        passed = query.after is None or (row < query.after if query.sort.startswith("-") else row > query.after)
        if passed and _matches(held.index, query):
            found.append((row, held))
            if len(found) == query.limit:
                break
    return found


def _matches(index: Index, query: Query) -> bool:
    return (
        index.shown
        and (query.kind is None or index.kind == query.kind)
        and (query.status is None or query.status in index.statuses)
        and (query.party is None or query.party in index.parties)
        and (query.issue is None or query.issue in index.issues)
        and (query.date_from is None or index.date >= query.date_from or index.when in vaguely(query.date_from))
        and (query.date_to is None or "" != index.date < query.date_to)
        and (query.text is None or _holds(texts(index.text), query.text))
    )


def _holds(text: str, sought: str) -> bool:
    """Whether a text has all the terms, each as the beginning of one of its own."""
    known, prefixes = terms(text), terms(sought)
    return bool(prefixes) and all(any(term.startswith(prefix) for term in known) for prefix in prefixes)
