"""A store that cannot be used: one sentence, exit code 1, no trace, and no word of a password."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from infrastructure.settings import Settings
from interfaces.cli import app
from tests.processes.conftest import Start

HIDDEN = "correct-horse"
WRITING = (
    ("serve",),
    ("serve", "--only", "recording"),
    ("project",),
    ("migrate",),
    ("rebuild",),
    ("retry",),
    ("show", "negotiations"),
)
EVERY = (*WRITING, ("serve", "--only", "reading"))
USING = tuple(command for command in EVERY if command != ("migrate",))


def only(told: str) -> str:
    """The one sentence in what a command said."""
    assert "Traceback" not in told
    assert HIDDEN not in told
    (line,) = (line for line in told.splitlines() if not line.startswith("rebuilding"))
    return line


@pytest.fixture
def sentence(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """What a command says that cannot use a store. It ends before it begins to serve, so this process can run it."""
    handlers = {told: signal.getsignal(told) for told in (signal.SIGTERM, signal.SIGINT)}

    def run(address: str, *command: str) -> str:
        monkeypatch.setenv("PARLEY_DATABASE", address)
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1, (command, result.output)
        return only(result.output)

    yield run
    for told, handler in handlers.items():
        signal.signal(told, handler)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"postgresql://u:{HIDDEN}@127.0.0.1:1/parley", "Connection refused"),
        (f"postgresql://u:{HIDDEN}@parley.invalid/parley", "parley.invalid"),
        (f"postgresql://u:a@{HIDDEN}@127.0.0.1/parley", "cannot be read"),
        (f"postgresql://u:a/{HIDDEN}@127.0.0.1/parley", "cannot be read"),
        (f"postgresql://u:%zz{HIDDEN}@127.0.0.1/parley", "cannot be read"),
        (f"postgresql://u:{HIDDEN}@[::1/parley", "cannot be read"),
        (f"postgresql://u:{HIDDEN}@127.0.0.1:port/parley", "cannot be read"),
        ("sqlite:////nowhere/parley.db", "/nowhere/parley.db"),
        ("sqlite:////tmp", "cannot be opened"),
        ("mysql://nowhere", "PARLEY_DATABASE is sqlite:///"),
    ],
)
def test_an_address_that_leads_nowhere(address: str, expected: str, sentence: Callable[..., str]) -> None:
    for command in EVERY:
        assert expected in sentence(address, *command)


def test_a_process_that_cannot_start_says_why_and_ends_with_1(start: Start) -> None:
    """A server that accepts and says nothing is not waited for long."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://u:{HIDDEN}@127.0.0.1:{silent.getsockname()[1]}/parley"
        process = start("project", address=address, patched={"infrastructure.database.BUSY_SECONDS": 2.0})
        assert process.popen.wait(30) == 1
        assert "cannot be used" in only(process.told)


def test_a_database_or_a_role_that_is_not_there(server: str, sentence: Callable[..., str]) -> None:
    for address in (server.replace("/postgres?", "/nowhere?"), server.replace("postgres:@", f"nobody:{HIDDEN}@")):
        assert "does not exist" in sentence(address, "serve")


def test_a_role_without_rights(new_store: Callable[[str], str], sentence: Callable[..., str]) -> None:
    """Neither one that may nothing, nor, for all but reading, one that may only read."""
    address = new_store("postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        name = connection.info.dbname
        for statement in (
            f"CREATE ROLE stranger_{name} LOGIN",
            f"CREATE ROLE onlooker_{name} LOGIN",
            "REVOKE ALL ON SCHEMA public FROM public",
            f"GRANT USAGE ON SCHEMA public TO onlooker_{name}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker_{name}",
        ):
            connection.execute(statement)  # type: ignore[arg-type]
    stranger, onlooker = (address.replace("postgres:@", f"{role}_{name}:@") for role in ("stranger", "onlooker"))
    for command in EVERY:
        assert "no right" in sentence(stranger, *command)
    for command in set(WRITING) & set(USING):
        assert "no right" in sentence(onlooker, *command)


def test_a_file_or_a_folder_that_may_only_be_read(tmp_path: Path, start: Start) -> None:
    """Also as root, whom no mode of a file stops: without that privilege."""
    drop = [] if os.getuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if drop and not shutil.which("setpriv"):
        pytest.skip("root may write everything, and there is no setpriv to give that up")
    file, folder = tmp_path / "file" / "parley.db", tmp_path / "folder"
    file.parent.mkdir()
    file.touch(0o444)
    folder.mkdir(0o555)
    for store in (file, folder / "parley.db"):
        process = start("serve", address=f"sqlite:///{store}", under=drop)
        assert process.popen.wait(30) == 1
        assert "no right to write" in only(process.told)


def test_a_file_that_is_no_database(tmp_path: Path, sentence: Callable[..., str]) -> None:
    (tmp_path / "parley.db").write_bytes(b"this is no database, whatever its name says" * 100)
    for command in EVERY:
        assert "not a database" in sentence(f"sqlite:///{tmp_path}/parley.db", *command)


def test_a_schema_that_is_newer(address: str, sentence: Callable[..., str]) -> None:
    connection = Settings(database=address).store().writer("log")
    connection.set_version("log", 99)
    connection.close()
    for command in EVERY:
        assert "newer version of Parley (schema 99" in sentence(address, *command)


def test_a_schema_that_is_older_or_not_there(
    new_store: Callable[[str], str], new_database: Callable[[], str], sentence: Callable[..., str]
) -> None:
    """The embedded store migrates itself; that of a server is migrated by a command, which is named."""
    address = new_store("postgresql")
    connection = Settings(database=address).store().writer("log")
    connection.set_version("log", 1)
    connection.close()
    for command in USING:
        for at in (address, new_database()):
            assert "run `parley migrate`" in sentence(at, *command)
