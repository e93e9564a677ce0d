"""The tables of the log, and how an older version's become them."""

from infrastructure import subjects
from infrastructure.database import Connection
from infrastructure.tables import Tables

AMENDING = "('Record.Corrected', 'Record.Retracted', 'Record.Restricted', 'Record.Released')"
"""The types of what says something anew of an earlier record: by them its stream is judged anew."""
_ADDED_IN_3 = ("CREATE TABLE restricted (negotiation {text} PRIMARY KEY) {clustered}",)
"""The negotiations in which a record is or was for some alone: all others need no look at who asks."""
_ADDED_IN_4 = (
    "CREATE INDEX narrowings ON records (position) WHERE topic = 'Record.Restricted'",
    "DROP INDEX IF EXISTS amendments",
    f"CREATE INDEX amendments ON records (negotiation, position) WHERE topic IN {AMENDING}",
)
_TABLES = (
    "CREATE TABLE records (position {integer} PRIMARY KEY, stream_id {uuid} NOT NULL, version {integer} NOT NULL,"
    " topic {text} NOT NULL, state {bytes} NOT NULL, id {uuid} UNIQUE, negotiation {text}, stream {text},"
    " occurred {text}, published {text}, recorded {text}, UNIQUE (stream_id, version))",
    "CREATE INDEX records_in_time ON records (negotiation, occurred, position)",
    "CREATE TABLE record_parties (party {text} NOT NULL, position {integer} NOT NULL,"
    " PRIMARY KEY (party, position)) {clustered}",
    "CREATE TABLE receipts (key {text} PRIMARY KEY, digest {bytes} NOT NULL, first {integer} NOT NULL,"
    " count {integer} NOT NULL) {clustered}",
)
_FROM_1 = (
    "DROP INDEX records_in_time",
    "DROP INDEX amendments",
    "ALTER TABLE records RENAME TO records_1",
    "ALTER TABLE record_parties RENAME TO record_parties_1",
    *_TABLES[:3],
    "INSERT INTO records SELECT position, originator_id, originator_version, topic, state, id, negotiation, stream,"
    " occurred, published, recorded FROM stored_events JOIN records_1 USING (position)",
    "INSERT INTO record_parties SELECT party, position FROM record_parties_1",
    "DROP TABLE record_parties_1",
    "DROP TABLE records_1",
    "DROP TABLE stored_events",
)
"""Version 1 kept the envelopes in a table of their own. There was no PostgreSQL then."""


def _make(connection: Connection, version: int) -> None:
    if version < 2:
        connection.declare(*(_FROM_1 if version == 1 else _TABLES))
    if version < 3:
        connection.declare(*subjects.TABLES, *_ADDED_IN_3)
    connection.declare(*_ADDED_IN_4)


TABLES = Tables("log", "log", 4, _make)
