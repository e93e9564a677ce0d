"""The data subjects: a key for each, and which records are sealed with it. In the log, and gone when it is erased."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from unicodedata import category, normalize
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.event import DomainEvent
from domain.persons import named
from infrastructure.database import Connection, as_elements
from infrastructure.encryption import KEY_BITS, MARK, Opener, Subject, seal
from infrastructure.serialization import encode_event

TABLES = (
    "CREATE TABLE subject_keys (subject {text} PRIMARY KEY, name {text} NOT NULL UNIQUE, key {bytes} NOT NULL)"
    " {clustered} {unsampled}",
    "CREATE TABLE record_subjects (subject {text} NOT NULL, position {integer} NOT NULL, whole {integer} NOT NULL,"
    " PRIMARY KEY (subject, position, whole)) {clustered}",
    "CREATE TABLE unfinished_erasures (subject {text} PRIMARY KEY) {clustered}",
)
"""A record is sealed as a `whole`, or a name in it. An erasure is unfinished as long as the files may hold what it
erased."""


class Concerned(NamedTuple):
    """A record that is sealed with the key of a subject."""

    negotiation: str
    record: str
    whole: bool


class Sealed(NamedTuple):
    """The stored form of an event, and the subjects of its keys: of which the whole is sealed, and of which a name."""

    state: bytes
    subjects: Sequence[tuple[str, int]] = ()


def alike(name: str) -> str:
    """A name in the one form of all those that look the same."""
    return " ".join("".join(one for one in normalize("NFKC", name) if category(one) != "Cf").split())


class Subjects:
    """Reads and changes the keys by the connection of the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def opener(self, rows: Sequence[tuple[Any, ...]]) -> Opener | None:
        """What gives the served form of stored records, whose states come third; nothing where none is sealed."""
        sealed = [row[2] for row in rows if MARK in row[2]]
        return Opener(self._keys, sealed) if sealed else None

    def sealed(self, events: Sequence[DomainEvent]) -> list[Sealed]:
        """The stored forms of events that are about to be appended, in the same transaction."""
        naming = [(named(event), event.envelope.data_subject) for event in events]
        if not any(persons or whole for persons, whole in naming):
            return [Sealed(encode_event(event)) for event in events]
        subjects = self._of({name for persons, whole in naming for name in (*persons, whole) if name})
        return [
            Sealed(
                seal(event, subjects),
                [(subjects[name].id, 0) for name in {*persons}] + ([(subjects[whole].id, 1)] if whole else []),
            )
            for event, (persons, whole) in zip(events, naming, strict=True)
        ]

    def append(self, first: int, sealed: Sequence[Sealed]) -> None:
        """Remember which of the records, at positions from the first on, are sealed with which keys."""
        rows = [(subject, at, whole) for at, one in enumerate(sealed, first) for subject, whole in one.subjects]
        if rows:
            self._connection.insert("record_subjects", ["subject", "position", "whole"], rows)

    def find(self, name: str) -> list[str]:
        """The numbers of those who have a name, however its letters are encoded and its words are spaced."""
        rows, sought = self._connection.rows("SELECT subject, name FROM subject_keys ORDER BY subject"), alike(name)
        return [subject for subject, one in rows if alike(one) == sought]

    def concerned(self, subject: str) -> list[Concerned]:
        """The records that are sealed with a subject's key, in the order of the log."""
        rows = self._connection.rows(
            "SELECT negotiation, id, whole FROM record_subjects JOIN records USING (position) WHERE subject = ?"
            " ORDER BY position, whole",
            (subject,),
        )
        return [Concerned(negotiation, str(record), bool(whole)) for negotiation, record, whole in rows]

    def destroy(self, subject: str) -> None:
        """Destroy a subject's key, and what whole records are found by; within the transaction that records it.

        By the digest of a request somebody could try out which name stood in it: that goes as well, and the request's
        idempotency key is taken for good. The other keys are written anew: moved about in the file, the one may have
        left a copy of itself.
        """
        kept = self._connection.rows("SELECT subject, name, key FROM subject_keys WHERE subject != ?", (subject,))
        self._connection.run("DELETE FROM subject_keys")
        self._connection.insert("subject_keys", ["subject", "name", "key"], kept)
        self._connection.run(
            "DELETE FROM record_parties WHERE position IN"
            " (SELECT position FROM record_subjects WHERE subject = ? AND whole = 1)",
            (subject,),
        )
        self._connection.run(
            "UPDATE receipts SET digest = ? WHERE EXISTS (SELECT 1 FROM record_subjects"
            " WHERE subject = ? AND position >= first AND position < first + count)",
            (b"", subject),
        )
        self._connection.run("INSERT INTO unfinished_erasures VALUES (?)", (subject,))

    def unfinished(self) -> list[str]:
        """The subjects of whom something may be left in the files."""
        return [subject for (subject,) in self._connection.rows("SELECT subject FROM unfinished_erasures")]

    def finish(self, subjects: Iterable[str]) -> None:
        """Nothing is left of these."""
        self._connection.many("DELETE FROM unfinished_erasures WHERE subject = ?", [[one] for one in subjects])

    def purge(self) -> None:
        """Leave no trace of destroyed keys in the files."""
        self._connection.purge("subject_keys", "receipts")

    def _keys(self, subjects: Iterable[str]) -> dict[str, bytes]:
        rows = self._connection.rows(
            f"SELECT subject, key FROM subject_keys WHERE subject {self._connection.dialect.among}",
            (as_elements(subjects),),
        )
        return dict(rows)

    def _of(self, names: Iterable[str]) -> dict[str, Subject]:
        """The subjects of some names; those that are new get a key."""
        told = sorted(names)
        rows = self._connection.rows(
            f"SELECT name, subject, key FROM subject_keys WHERE name {self._connection.dialect.among}",
            (as_elements(told),),
        )
        known = {name: Subject(subject, key) for name, subject, key in rows}
        new = {name: Subject(uuid4().hex, AESGCM.generate_key(KEY_BITS)) for name in told if name not in known}
        if new:
            made = [(subject.id, name, subject.key) for name, subject in new.items()]
            self._connection.insert("subject_keys", ["subject", "name", "key"], made)
        return known | new
