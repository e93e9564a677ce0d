"""The documents of one build of the views, as they are stored: each with what it is found by in lists and searches."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import lz4.block

from application.fold import Place
from application.view import Index
from domain.moment import is_vague
from infrastructure.database import Connection, StoreDamaged, as_elements

_COLUMNS = (
    "id", "view", "negotiation", "key",
    "kind", "date", "tags", "lists", "texts", "folded_date", "folded_position", "packed", "private",
)  # fmt: skip
TEXT_LENGTH = 100_000
"""PostgreSQL takes texts of up to 1 MiB, in bytes."""
TEXTS_MAX = 2**20
"""In how many texts a document can be found."""
HIDDEN, SHOWN, SHOWN_ACROSS = range(3)
"""In which lists a document is: in none, in those of its negotiation, or also in those across negotiations. Most are in
none of the latter, and so not in their index."""


class Stored(NamedTuple):
    """A document as it stands in the store, in how many texts it is found, and the place in time of the last record
    folded into it.
    """

    id: int
    folded: tuple[str, int]
    listed: tuple[str, str, str, int]
    """By what it is found in lists: its kind, date, tags, and in which lists: `HIDDEN`, `SHOWN` or `SHOWN_ACROSS`."""
    texts: int
    body: bytes
    private: bytes
    """What the fold goes on from beside, if anything: only the projector reads it."""

    @property
    def length(self) -> int:
        return len(self.body) + len(self.private)


class Changed(NamedTuple):
    """A document to be stored in the place of the one before, if there was one.

    `words` are those by which it is found; none where they are the same as before. If they are `added`, those of
    before hold as well.
    """

    place: Place
    before: Stored | None
    folded: tuple[str, int]
    body: bytes
    private: bytes
    listed: tuple[str, str, str, int]
    words: list[str] | None
    added: bool = False


class Parked(NamedTuple):
    """A record that a fold could not take: it is missing in a document, for a reason.

    One that could not be read at all names neither view nor key: it may be missing anywhere in its negotiation.
    """

    position: int
    view: str
    negotiation: str
    key: str
    reason: str

    @property
    def place(self) -> Place:
        return self.view, self.negotiation, self.key

    def touches(self, place: Place) -> bool:
        view, negotiation, key = place
        return (self.negotiation, self.view or view, self.key or key) == (negotiation, view, key)


class Documents:
    """The documents of one build, and what is still to be folded into them. Used within a transaction."""

    def __init__(self, connection: Connection, build: int) -> None:
        self._connection = connection
        self._build = build

    def advance(self, position: int, writer: str, stands_at: str) -> None:
        """Say up to which position of the log all is folded, by whom, and at which time it stands."""
        sql = "UPDATE builds SET position = ?, writer = ?, asked = ? WHERE build = ?"
        self._connection.run(sql, (position, writer, stands_at, self._build))

    def get(self, places: Sequence[Place]) -> dict[Place, Stored]:
        """The documents that are there, of some places."""
        found: dict[Place, Stored] = {}
        if not places:
            return found
        rows = self._connection.rows(
            "SELECT view, negotiation, key, id, folded_date, folded_position, kind, date, tags, lists, texts, packed,"
            " private"
            f" FROM documents_{self._build} WHERE (view, negotiation, key) IN"
            f" (SELECT value ->> 0, value ->> 1, value ->> 2 FROM {self._connection.dialect.elements})",
            (json.dumps(places),),
        )
        for view, negotiation, key, document, date, position, *listed, parts, packed, private in rows:
            bodies = unpacked(packed), unpacked(private)
            found[view, negotiation, key] = Stored(document, (date, position), tuple(listed), parts, *bodies)
        return found

    def put(self, changed: Iterable[Changed]) -> list[Stored]:
        """Store documents in the places of the older ones."""
        stored: list[Stored] = []
        number = int(self._connection.value(f"SELECT coalesce(max(id), 0) FROM documents_{self._build}"))
        new: list[tuple[Any, ...]] = []
        updates: list[tuple[Any, ...]] = []
        relisted: list[tuple[Any, ...]] = []
        new_texts: list[tuple[int, str]] = []
        old_texts: list[int] = []
        tags: list[tuple[str, int]] = []
        old_tags: list[tuple[str, int]] = []
        for one in changed:
            before, listed = one.before, one.listed
            earlier = before.texts if before and (one.added or one.words is None) else 0
            told = list(_texts(one.words or ())) if one.words is not None else []
            known, packed = earlier + len(told), (_packed(one.body), _packed(one.private))
            if before is None:
                number = document = number + 1
                new.append((document, *one.place, *listed, known, *one.folded, *packed))
            else:
                document = before.id
                updates.append((known, *one.folded, *packed, document))
                if before.listed != listed:
                    relisted.append((*listed, document))
            stored.append(Stored(document, one.folded, listed, known, one.body, one.private))
            if not before or before.listed[2] != listed[2]:
                old_tags += [(tag, document) for tag in before.listed[2].split()] if before else []
                tags += [(tag, document) for tag in listed[2].split()]
            if one.words is not None:
                old_texts += [document] if before and not one.added else []
                searchable = map(self._connection.searchable, told)
                new_texts += enumerate(searchable, _first_text(document) + earlier)
        self._connection.insert(f"documents_{self._build}", _COLUMNS, new)
        # Apart, since to set a column that is indexed is to write the index anew.
        self._change("texts = ?, folded_date = ?, folded_position = ?, packed = ?, private = ?", updates)
        self._change("kind = ?, date = ?, tags = ?, lists = ?", relisted)
        self._untag(old_tags)
        self._connection.insert(f"tags_{self._build}", ["tag", "document"], tags)
        self._untext(old_texts)
        self._connection.insert(f"texts_{self._build}", [self._connection.dialect.text_key, "text"], new_texts)
        return stored

    def _change(self, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.many(f"UPDATE documents_{self._build} SET {columns} WHERE id = ?", rows)

    def delete(self, place: Place) -> None:
        """Remove a document, if it is there: nothing that touches it counts any more."""
        found = self.get([place]).get(place)
        if found:
            self._connection.run(f"DELETE FROM documents_{self._build} WHERE id = ?", (found.id,))
            self._untag([(tag, found.id) for tag in found.listed[2].split()])
            self._untext([found.id])

    def _untag(self, tags: Sequence[tuple[str, int]]) -> None:
        if tags:
            self._connection.many(f"DELETE FROM tags_{self._build} WHERE tag = ? AND document = ?", tags)

    def _untext(self, documents: Sequence[int]) -> None:
        if documents:
            key = self._connection.dialect.text_key
            places = [(_first_text(document), _first_text(document + 1)) for document in documents]
            self._connection.many(f"DELETE FROM texts_{self._build} WHERE {key} >= ? AND {key} < ?", places)

    def forget(self, negotiation: str) -> None:
        """Remove all that was folded of a negotiation."""
        own = f"SELECT id FROM documents_{self._build} WHERE negotiation = ?"
        self._untext([document for (document,) in self._connection.rows(own, (negotiation,))])
        self._connection.run(f"DELETE FROM tags_{self._build} WHERE document IN ({own})", (negotiation,))
        for table in ("documents", "pending", "parked"):
            self._connection.run(f"DELETE FROM {table}_{self._build} WHERE negotiation = ?", (negotiation,))

    def postpone(self, position: int, due: str, negotiation: str) -> None:
        """Remember a record that takes effect later."""
        sql = f"INSERT INTO pending_{self._build} VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._connection.run(sql, (position, due, negotiation))

    def pending(self) -> list[tuple[int, str]]:
        """The positions of postponed records, and when each takes effect."""
        rows = self._connection.rows(f"SELECT position, due FROM pending_{self._build} ORDER BY position")
        return [(position, due) for position, due in rows]

    def postponed(self, negotiations: Iterable[str]) -> set[int]:
        """The positions of the postponed records of some negotiations."""
        sql = f"SELECT position FROM pending_{self._build} WHERE negotiation {self._connection.dialect.among}"
        return {position for (position,) in self._connection.rows(sql, (as_elements(negotiations),))}

    def take_effect(self, due: Sequence[tuple[int, str]]) -> None:
        """Forget postponed records that have come into effect."""
        self._connection.many(f"DELETE FROM pending_{self._build} WHERE position = ? AND due = ?", due)

    def park(self, parked: Parked) -> None:
        """Remember a record that could not be folded into a document."""
        self._connection.run(
            f"INSERT INTO parked_{self._build} (position, view, negotiation, key, reason, again)"
            " VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            parked,
        )

    def parked(self, again: bool | None = None) -> list[Parked]:
        """The records that are missing in documents; of those, the ones that are to be tried again, or the others."""
        asked = "" if again is None else f" WHERE again = {int(again)}"
        rows = self._connection.rows(
            f"SELECT position, view, negotiation, key, reason FROM parked_{self._build}{asked}"
            " ORDER BY position, view, key"
        )
        return [Parked(*row) for row in rows]

    def retry(self) -> None:
        """Let the projector try all that is parked again."""
        self._connection.run(f"UPDATE parked_{self._build} SET again = 1")

    def unpark(self, place: Place) -> None:
        """Forget what could not be folded into a document: it is folded anew."""
        sql = f"DELETE FROM parked_{self._build} WHERE view = ? AND negotiation = ? AND key = ?"
        self._connection.run(sql, place)

    def restrict(self, negotiations: Iterable[str]) -> None:
        """Remember negotiations that are served without some records: whoever may see those reads elsewhere."""
        sql = f"INSERT INTO restricted_{self._build} VALUES (?) ON CONFLICT DO NOTHING"
        self._connection.many(sql, [(negotiation,) for negotiation in negotiations])

    def restricted(self, negotiations: Iterable[str] | None = None) -> frozenset[str]:
        """Those of some negotiations, or of all, that are served without some records."""
        sql, values = f"SELECT negotiation FROM restricted_{self._build}", list[str]()
        if negotiations is not None:
            sql += f" WHERE negotiation {self._connection.dialect.among}"
            values = [as_elements(negotiations)]
        return frozenset(name for (name,) in self._connection.rows(sql, values))

    def rebuilt(self) -> dict[str, int]:
        """While a build is filled: up to which position each negotiation is folded already."""
        return dict(self._connection.rows(f"SELECT negotiation, position FROM rebuilt_{self._build}"))

    def mark_rebuilt(self, negotiation: str, position: int) -> None:
        self._connection.run(f"INSERT INTO rebuilt_{self._build} VALUES (?, ?)", (negotiation, position))

    def end_rebuild(self) -> None:
        self._connection.run(f"DELETE FROM rebuilt_{self._build}")


def _packed(body: bytes) -> bytes | None:
    """A body as it is stored: histories repeat themselves, so that it takes a fraction of the pages."""
    packed: bytes | None = lz4.block.compress(body) if body else None
    return packed


def unpacked(stored: bytes | None) -> bytes:
    """A body as it is served. Raises `StoreDamaged`."""
    if stored is None:
        return b""
    try:
        body: bytes = lz4.block.decompress(stored)
    except (lz4.block.LZ4BlockError, ValueError, MemoryError) as error:
        raise StoreDamaged(f"a document of the views is not as it was stored ({error}): `parley rebuild`") from None
    return body


def _texts(words: Iterable[str]) -> Iterator[list[str]]:
    """The words of a document, each once, as texts of a bounded length; one at least, also without a word."""
    each = list(dict.fromkeys(words))
    if sum(map(len, each)) <= TEXT_LENGTH:
        yield each
        return
    text, length = list[str](), 0
    for word in each:
        text.append(word)
        length += len(word)
        if length > TEXT_LENGTH:
            yield text
            text, length = [], 0
    yield text


def _first_text(document: int) -> int:
    """The place of the first of a document's texts; the others follow it."""
    return document * TEXTS_MAX


def tags(place: Place, index: Index) -> str:
    """What a document is found by, beside its words: one line."""
    found = [f"party:{party}" for party in index.parties]
    found += [f"issue:{issue}" for issue in index.issues]
    found += [f"touches:{place[1]}/{touched}" for touched in index.touches]
    found += [f"vague:{index.when}"] if index.when and is_vague(index.when) else []
    return " ".join(sorted(found))


def touch(place: Place) -> str:
    """The tag of the flags that touch a document."""
    view, negotiation, key = place
    return f"touches:{negotiation}/{view}/{key}"
