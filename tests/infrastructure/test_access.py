"""Who is known and who read what is restricted, on both stores."""

import time
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg import connect
from structlog.testing import capture_logs

from application.credentials import Known, NameTaken
from infrastructure.access import AccessStore, Read
from infrastructure.database import Database, StoreLost, StoreRefused
from infrastructure.identities import POLL_SECONDS, Identities
from infrastructure.migrating import migrate
from infrastructure.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def key(name: str, **more: str) -> Known:
    return Known(name, "key", "0" * 64, ("reader:*",), (), NOW.isoformat(), "test", **more)


def test_reads_are_noted_in_order_and_given_page_by_page(database: Database) -> None:
    reads = [Read(NOW.isoformat(), "desk", f"talks-{n % 2}", f"/v1/x?n={n}", ("a", "b")) for n in range(5)]
    with closing(AccessStore(database)) as store:
        store.record_reads(reads[:2])
        store.record_reads(reads[2:])
        store.record_reads([])
        first = store.reads(None, 3, None, None)
        assert [read for _, read in first] == reads[:3]
        assert [read for _, read in store.reads(first[-1][0], 9, None, None)] == reads[3:]
        assert [read for _, read in store.reads(None, 9, "talks-1", None)] == reads[1::2]
    with closing(AccessStore(database, writes=False)) as store:
        assert [read for _, read in store.reads(UUID(int=0), 9, None, None)] == reads
        with pytest.raises(StoreRefused, match="not written"):
            store.record_reads(reads)


def test_a_name_stands_for_one_for_good(database: Database) -> None:
    with closing(AccessStore(database)) as store:
        store.add_key(key("desk"))
        with pytest.raises(NameTaken):
            store.add_key(key("desk"))
        assert store.revoke_key("desk", NOW, "boss")
        assert not store.revoke_key("desk", NOW, "boss")
        assert not store.remove_person("desk", NOW, "boss")
        with pytest.raises(NameTaken):
            store.set_person(key("desk")._replace(kind="person"))
        found = store.find("desk", "key")
        assert found
        assert (found.revoked, found.revoked_by) == (NOW.isoformat(), "boss")
        assert store.find("desk", "person") is None
        assert [(change.number, change.who, change.what) for change in store.changes()] == [
            (1, "test", "create-key"),
            (2, "boss", "revoke-key"),
        ]


def test_a_date_counts_to_its_end_and_an_instant_to_itself() -> None:
    assert key("a", expires="2027-01-01").until == datetime(2027, 1, 2, tzinfo=UTC)
    assert key("a", expires="2027-01-01T09:00+09:00").until == datetime(2027, 1, 1, tzinfo=UTC)


def test_one_who_may_only_read_knows_who_is_known(new_database: object) -> None:
    address = str(new_database())  # type: ignore[operator]
    database = Settings(database=address).store()
    with pytest.raises(StoreRefused, match="run `parley migrate`"):
        AccessStore(database).version()
    migrate(database)
    migrate(database)
    with connect(address, autocommit=True) as connection:
        name = f"onlooker_{connection.info.dbname}"
        connection.execute(f"CREATE ROLE {name} LOGIN")  # type: ignore[arg-type]
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")  # type: ignore[arg-type]
    with closing(AccessStore(database)) as store:
        store.add_key(key("desk"))
    with closing(AccessStore(Settings(database=address.replace("postgres:@", f"{name}:@")).store())) as store:
        assert [known.name for known in store.all()] == ["desk"]
        with pytest.raises(StoreRefused, match="not written"):
            store.add_key(key("counter"))


def test_tables_of_a_newer_version_are_refused(database: Database) -> None:
    with closing(database.writer("access")) as connection:
        connection.set_version("access", 99)
    with pytest.raises(StoreRefused, match="newer version of Parley"):
        AccessStore(database).version()


def test_what_was_read_last_counts_no_longer_than_it_can_be_trusted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key may have been revoked while the store was silent."""
    with closing(AccessStore(database)) as store:
        store.add_key(key("desk"))
        identities = Identities(store)
        assert identities.find("desk")
        identities.stop()
        monkeypatch.setattr("infrastructure.identities.TRUSTED_SECONDS", 0.0)
        with pytest.raises(StoreLost):
            identities.find("desk")


def test_that_they_cannot_be_read_is_told_once(database: Database) -> None:
    with closing(AccessStore(database)) as store, capture_logs() as told:
        identities = Identities(store)
        with closing(database.writer("access")) as connection:
            connection.run("ALTER TABLE identity_changes RENAME TO elsewhere")
            deadline = time.monotonic() + 10
            while not told and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(3 * POLL_SECONDS)
            assert [one["event"] for one in told] == ["the identities cannot be read"]
            connection.run("ALTER TABLE elsewhere RENAME TO identity_changes")
        identities.refresh()
        assert not identities.any
        identities.stop()
