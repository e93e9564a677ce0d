"""The view store, open for reading alone: documents and pages of lists, each answer of one state."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from application.fold import Place
from application.listing import Query
from application.view import Row
from domain.moment import vaguely
from domain.text import terms
from infrastructure.database import Database, TableMissing, as_elements
from infrastructure.documents import SHOWN, SHOWN_ACROSS, TEXTS_MAX, Documents, Parked, touch, unpacked
from infrastructure.view_store import TABLES

_T = TypeVar("_T")
NARROWED = (
    "SELECT negotiation FROM records WHERE topic = 'Record.Restricted'"
    " AND position > (SELECT position FROM builds WHERE build = ?) ORDER BY position"
)
"""The negotiations in which a record that the views do not hold yet restricts an earlier one. Asked with every read:
in this form it is answered by an index of its own."""


class Found(NamedTuple):
    """A document with the flags that touch it, and the records that are missing in it."""

    body: bytes
    flags: Sequence[bytes] = ()
    parked: Sequence[Parked] = ()


class Page(NamedTuple):
    """Documents of a list, each with its place in it; the position they rest on; the negotiations of which some
    records are left out; and those of which more are to be left out since.
    """

    rows: list[tuple[Row, Found]]
    position: int
    restricted: frozenset[str] = frozenset()
    narrowed: frozenset[str] = frozenset()


class Got(NamedTuple):
    """The position that the store has reached, those of some documents that are there, the negotiations of which some
    records are left out, and those of which more are to be left out since.
    """

    position: int
    found: dict[Place, Found]
    restricted: frozenset[str]
    narrowed: frozenset[str]


class State(NamedTuple):
    """Up to which position documents are stored, and which records of some negotiations are postponed by then."""

    position: int
    postponed: Callable[[Iterable[str]], set[int]]


Then = Callable[[list[tuple[Row, bytes]], State], list[tuple[Row, bytes]]]
"""Makes other documents of those that are stored, each with its place in a list, while the store stands still."""


class NotBuilt(Exception):
    """There are no views yet: they are being made from the log."""


class ViewReader:
    """The store, open for reading alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = TABLES.reader(database)
        self._serving = 0

    def position(self) -> int:
        """The position that the views rest on; 0 where there are none yet."""
        try:
            return self._asked(self._position)
        except NotBuilt:
            return 0

    def get(self, places: Iterable[Place]) -> Got:
        """Those of some documents that are there."""
        return self._asked(lambda build: self._get(build, list(places)))

    def get_then(self, place: Place, then: Then) -> Got:
        """A document, if it is there, or what is `then` made of it."""

        def got(build: int) -> Got:
            with self._connection.transaction():
                got = self._get(build, [place])
                if (found := got.found.get(place)) is None:
                    return got
                ((_, body),) = then([(("", *place[1:]), found.body)], self._state(build, got.position))
                return got._replace(found={place: found._replace(body=body)})

        return self._asked(got)

    def select(self, query: Query, then: Then = lambda rows, _: rows) -> Page:
        """A page of documents, in the order asked for: by date or key, ties by negotiation and key; or what is `then`
        made of it.
        """

        def selected(build: int) -> Page:
            with self._connection.transaction():
                return self._select(build, query, then)

        return self._asked(selected)

    def parked(self) -> list[Parked]:
        """The records that are missing in documents."""
        return self._asked(lambda build: Documents(self._connection, build).parked())

    def close(self) -> None:
        self._connection.close()

    def _asked(self, ask: Callable[[int], _T]) -> _T:
        """What the build that serves answers. When another takes its place, that one is asked anew."""
        while True:
            self._serving = self._serving or self._build_that_serves()
            if not self._serving:
                raise NotBuilt
            try:
                return ask(self._serving)
            except TableMissing:
                gone, self._serving = self._serving, self._build_that_serves()
                if self._serving == gone:
                    raise

    def _build_that_serves(self) -> int:
        """The build that serves, 0 where there is none. Raises `StoreRefused` where another version has made it."""
        TABLES.refuse_other(self._database, self._connection)
        return int(self._connection.value("SELECT build FROM builds WHERE serving = 1") or 0)

    def _position(self, build: int) -> int:
        position = self._connection.value("SELECT position FROM builds WHERE build = ?", (build,))
        if position is None:
            raise TableMissing
        return int(position)

    def _state(self, build: int, position: int) -> State:
        return State(position, Documents(self._connection, build).postponed)

    def _get(self, build: int, places: list[Place]) -> Got:
        """All in one statement, so that all is of one state."""
        elements = self._connection.dialect.elements
        nothing = f"CAST(NULL AS {self._connection.dialect.types['bytes']})"
        touches = {touch(place): place for place in places}
        rows = self._connection.rows(
            f"SELECT 0, position, '', '', '', {nothing} FROM builds WHERE build = ?"
            # The sum keeps PostgreSQL, which has no statistics here, from the index of all that is shown.
            f" UNION ALL SELECT 1, 0, view, negotiation, key, packed FROM documents_{build} WHERE lists + 0 >= {SHOWN}"
            f" AND (view, negotiation, key) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM {elements})"
            f" UNION ALL SELECT 2, 0, tag, '', key, packed FROM tags_{build} JOIN documents_{build} ON id = document"
            f" WHERE tag {self._connection.dialect.among}"
            f" UNION ALL SELECT 3, 0, '', '', '', {nothing} FROM (SELECT 1 FROM parked_{build} LIMIT 1) AS any_parked"
            f" UNION ALL SELECT 4, 0, '', negotiation, '', {nothing} FROM restricted_{build} WHERE negotiation IN"
            f" (SELECT value ->> 1 FROM {elements})"
            f" UNION ALL SELECT 5, 0, '', negotiation, '', {nothing} FROM ({NARROWED}) AS narrowings"
            " ORDER BY 1, 5",
            (build, told := json.dumps(places), as_elements(touches), told, build),
        )
        position = 0
        bodies: dict[Place, bytes] = {}
        flags: dict[Place, list[bytes]] = {}
        parked: dict[Place, list[Parked]] = {}
        restricted, narrowed = set[str](), set[str]()
        for what, number, one, negotiation, key, packed in rows:
            match what:
                case 0:
                    position = number
                case 1:
                    bodies[one, negotiation, key] = unpacked(packed)
                case 2:
                    flags.setdefault(touches[one], []).append(unpacked(packed))
                case 3:
                    parked = self._parked(build, places)
                case 4:
                    restricted.add(negotiation)
                case _:
                    narrowed.add(negotiation)
        found = {place: Found(body, flags.get(place, ()), parked.get(place, ())) for place, body in bodies.items()}
        return Got(position, found, frozenset(restricted), frozenset(narrowed))

    def _select(self, build: int, query: Query, then: Then) -> Page:
        column, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
        order = (column, "negotiation", "key")
        clauses, values = self._clauses(build, query)
        if query.after:
            clauses.append(f"({', '.join(order)}) {'<' if descending else '>'} (?, ?, ?)")
            values += query.after
        state = self._state(build, self._position(build))
        rows = self._connection.rows(
            f"SELECT {column}, negotiation, key, packed FROM documents_{build} WHERE {' AND '.join(clauses)}"
            f" ORDER BY {', '.join(part + (' DESC' if descending else '') for part in order)} LIMIT ?",
            (*values, query.limit),
        )
        listed = then([((row[0], row[1], row[2]), unpacked(row[3])) for row in rows], state)
        places = [(query.view, row[1], row[2]) for row, _ in listed]
        flags, parked = self._flags(build, places), self._parked(build, places)
        found = [
            (row, Found(body, flags.get(place, ()), parked.get(place, ())))
            for place, (row, body) in zip(places, listed, strict=True)
        ]
        restricted = Documents(self._connection, build).restricted(query.negotiations)
        narrowed = frozenset(name for (name,) in self._connection.rows(NARROWED, (build,)))
        return Page(found, state.position, restricted, narrowed)

    def _flags(self, build: int, places: Sequence[Place]) -> dict[Place, list[bytes]]:
        """The flags that touch documents, by the places of those."""
        tags = {touch(place): place for place in places}
        found: dict[Place, list[bytes]] = {}
        if tags:
            rows = self._connection.rows(
                f"SELECT tag, packed FROM tags_{build} JOIN documents_{build} ON id = document"
                f" WHERE tag {self._connection.dialect.among} ORDER BY tag, key",
                (as_elements(tags),),
            )
            for tag, packed in rows:
                found.setdefault(tags[tag], []).append(unpacked(packed))
        return found

    def _parked(self, build: int, places: Sequence[Place]) -> dict[Place, list[Parked]]:
        """The records that are missing in documents: mostly none in any."""
        found: dict[Place, list[Parked]] = {}
        for parked in Documents(self._connection, build).parked():
            for place in places:
                if parked.touches(place):
                    found.setdefault(place, []).append(parked)
        return found

    def _clauses(self, build: int, query: Query) -> tuple[list[str], list[object]]:
        tagged = f"(SELECT document FROM tags_{build} WHERE tag = ?)"
        told = [
            ("view = ?", query.view),
            ("kind = ?", query.kind),
            (f"id IN {tagged}", query.party and f"party:{query.party}"),
            (f"id IN {tagged}", query.issue and f"issue:{query.issue}"),
            ("date >= ?", query.date_from and query.date_from[:4]),
            (f"(date >= ? OR id IN {tagged} OR id IN {tagged})", _dates_from(query)),
            ("date != '' AND date < ?", query.date_to),
        ]
        if query.text is not None:
            dialect = self._connection.dialect
            places = dialect.matches.format(table=f"texts_{build}")
            found = dialect.is_found.format(
                number="id", found=f"SELECT {dialect.text_key} / {TEXTS_MAX} FROM ({places}) AS places"
            )
            sought = dict.fromkeys(terms(query.text))
            told += [(found, self._connection.search(term)) for term in sought] or [("'' = ?", "nothing")]
        among, shown = self._connection.dialect.among, f"lists = {SHOWN_ACROSS}"
        if query.negotiations is not None and len(query.negotiations) == 1:
            shown = f"lists >= {SHOWN}"
            told.append(("negotiation = ?", next(iter(query.negotiations))))
        elif query.negotiations is not None:
            told.append((f"negotiation {among}", as_elements(query.negotiations)))
        if query.left_out:
            told.append((f"negotiation NOT {among}", as_elements(query.left_out)))
        asked = [(clause, value if isinstance(value, tuple) else (value,)) for clause, value in told if value]
        return [shown, *(clause for clause, _ in asked)], [value for _, values in asked for value in values]


def _dates_from(query: Query) -> tuple[str, ...]:
    """The first date that is asked for, and the tags of what is dated so vaguely that it may be of that date."""
    return (query.date_from, *(f"vague:{period}" for period in vaguely(query.date_from))) if query.date_from else ()
