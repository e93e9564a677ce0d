"""The tables of who is known, who changed that, and who read what is restricted."""

from infrastructure.tables import Tables

_TABLES = (
    "CREATE TABLE identities (name {text} PRIMARY KEY, kind {text} NOT NULL, digest {text} NOT NULL,"
    " grants {text} NOT NULL, groups {text} NOT NULL, created {text} NOT NULL, created_by {text} NOT NULL,"
    " expires {text}, revoked {text}, revoked_by {text})",
    "CREATE TABLE identity_changes (number {integer} PRIMARY KEY, at {text} NOT NULL, who {text} NOT NULL,"
    " what {text} NOT NULL, name {text} NOT NULL, facts {text} NOT NULL)",
    "CREATE TABLE reads (id {uuid} PRIMARY KEY, at {text} NOT NULL, who {text} NOT NULL, negotiation {text} NOT NULL,"
    " address {text} NOT NULL, records {text} NOT NULL)",
)


TABLES = Tables("access", "identities of", 1, lambda connection, _: connection.declare(*_TABLES))
