"""What a PostgreSQL address says, what its user may do, and what goes wrong: each told in one sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.persistence import IntegrityError
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from infrastructure.database import Part, StoreFull, StoreLost, StoreRefused, TableMissing

TABLE_NAMES: dict[Part, tuple[str, ...]] = {
    "log": (
        *("records", "record_parties", "receipts", "restricted"),
        *("subject_keys", "record_subjects", "unfinished_erasures"),
    ),
    "views": ("builds",),
    "access": ("identities", "identity_changes", "reads"),
    "proofs": ("tiles", "checkpoints"),
}


def refuse_unclear(address: str) -> None:
    """Raise `ValueError` where an address does not say what it seems to.

    Nothing of it is repeated: a password with a character that is not encoded ends up in another part.
    """
    try:
        told = conninfo_to_dict(address)
        ports = [port for port in str(told.get("port") or "").split(",") if port]
        clear = all(map(str.isdecimal, ports)) and "@" not in f"{told.get('host')}{told.get('dbname')}"
    except psycopg.Error:
        clear = False
    if not clear:
        raise ValueError(
            "PARLEY_DATABASE cannot be read as postgresql://user:password@host:port/database;"
            " in a password, whatever is no letter or digit is written as % and two hexadecimal digits"
        )


def named(address: str) -> str:
    """The database of an address, without who asks and how."""
    told = conninfo_to_dict(address)
    return f"postgresql://{told.get('host', 'localhost')}/{told.get('dbname', '')}"


def check_schema(value: Callable[..., Any], address: str) -> None:
    """Raise `StoreRefused` where the user may not even look. `value` is the one that a statement gives."""
    if value("SELECT current_schema()") is None:
        raise StoreRefused(f"The database {named(address)} cannot be used: this user has no right to its schema.")


def check_rights(value: Callable[..., Any], address: str, part: Part, *, writes: bool) -> None:
    """Raise `StoreRefused` where the user may not do with a part's tables what a reader or a writer does."""
    told = f"The database {named(address)} cannot be"
    if writes and value("SHOW transaction_read_only") == "on":
        raise StoreRefused(f"{told} written: it is a replica, from which reading alone is served.")
    for table in TABLE_NAMES[part]:
        for right in ("SELECT", "INSERT") if writes else ("SELECT",):
            if not value("SELECT has_table_privilege(CAST(? AS TEXT), CAST(? AS TEXT))", (table, right)):
                raise StoreRefused(f"{told} used: this user has no right to {right} on the table {table}.")
    if part == "views" and writes and not value("SELECT has_schema_privilege(current_schema(), 'CREATE')"):
        raise StoreRefused(f"{told} used: this user has no right to make tables in its schema.")


def sentence(error: psycopg.Error) -> str:
    """What went wrong, in one line and without the address."""
    return " ".join(str(error).split()).rstrip(".") + "."


@contextmanager
def named_errors() -> Iterator[None]:
    """What goes wrong, in the words of `infrastructure.database`."""
    try:
        yield
    except errors.DiskFull as error:
        raise StoreFull(sentence(error)) from error
    except errors.UndefinedTable as error:
        raise TableMissing(sentence(error)) from error
    except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
        raise StoreRefused(f"The database refuses it: {error.diag.message_primary}.") from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(sentence(error)) from error
    except psycopg.OperationalError as error:
        raise StoreLost(sentence(error)) from error
