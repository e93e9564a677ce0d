"""The tables of who is known, who changed that, and who read what is restricted."""

from infrastructure.database import Connection, Database, StoreLost, StoreRefused

SCHEMA = 1
TABLES = (
    "CREATE TABLE identities (name {text} PRIMARY KEY, kind {text} NOT NULL, digest {text} NOT NULL,"
    " grants {text} NOT NULL, groups {text} NOT NULL, created {text} NOT NULL, created_by {text} NOT NULL,"
    " expires {text}, revoked {text}, revoked_by {text})",
    "CREATE TABLE identity_changes (number {integer} PRIMARY KEY, at {text} NOT NULL, who {text} NOT NULL,"
    " what {text} NOT NULL, name {text} NOT NULL, facts {text} NOT NULL)",
    "CREATE TABLE reads (id {uuid} PRIMARY KEY, at {text} NOT NULL, who {text} NOT NULL, negotiation {text} NOT NULL,"
    " address {text} NOT NULL, records {text} NOT NULL)",
)


def migrate(database: Database) -> None:
    """Make the tables. Safe where several processes do it at once."""
    connection = database.writer("access")
    try:
        with connection.transaction("access"):
            if connection.version("access") == 0:
                connection.declare(*TABLES)
                connection.set_version("access", SCHEMA)
    except StoreLost as error:
        raise StoreRefused(f"The identities of {database} cannot be used: {error}") from None
    finally:
        connection.close()


def checked(database: Database, connection: Connection) -> Connection:
    """A connection whose tables are of this version; else it is closed, and `StoreRefused` says why."""
    try:
        version = connection.version("access")
        if version > SCHEMA:
            told = f"(schema {version}, this one knows {SCHEMA})"
            raise StoreRefused(f"The identities of {database} were written by a newer version of Parley {told}.")
        if version < SCHEMA:
            raise StoreRefused(f"The identities of {database} are not of this version: run `parley migrate`.")
        connection.check_rights("access")
    except Exception as error:
        connection.close()
        if isinstance(error, StoreLost):
            raise StoreRefused(f"The identities of {database} cannot be used: {error}") from None
        raise
    return connection
