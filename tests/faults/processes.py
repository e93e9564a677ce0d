"""The processes that the harness starts: it stops these, by their ids, and no others."""

import resource
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, STOP_SECONDS = 60, 60
UNLIMITED = resource.RLIM_INFINITY


class Process:
    """One part of Parley, which can be killed and started again. What it says on its error output goes to a file."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], said: Path) -> None:
        self.name = name
        self._command = [sys.executable, *arguments]
        self._environment = environment | {"PYTHONPATH": str(ROOT)}
        self._said = said
        self._told: Thread | None = None
        self.running: subprocess.Popen[bytes] | None = None
        self.ready = Event()
        """Set once it has said that it serves: it says nothing before."""

    @property
    def pid(self) -> int:
        assert self.running
        return self.running.pid

    @property
    def ended(self) -> int | None:
        """The exit code of one that has ended by itself."""
        return self.running.poll() if self.running else None

    def start(self) -> None:
        self.ready.clear()
        self.running = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._told = Thread(target=self._listen, args=(self.running,), daemon=True)
        self._told.start()

    def _listen(self, running: "subprocess.Popen[bytes]") -> None:
        """Through a pipe, so that a limit on the size of its files does not touch what it says."""
        assert running.stderr
        with self._said.open("ab") as file:
            for line in running.stderr:
                file.write(line)
                file.flush()
                if line.startswith(b"Parley "):
                    self.ready.set()
        running.stderr.close()

    def limit_files(self, bytes_max: int) -> None:
        """How large its files may be, from now on: what it writes beyond that fails, as on a full disk."""
        if self.running and self.running.poll() is None:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (bytes_max, UNLIMITED))

    def kill(self) -> None:
        """At once, as when the machine goes down."""
        if self.running:
            self.running.kill()
            self._wait()
        self.ready.clear()

    def stop(self) -> int:
        """Ask it to stop; gives the exit code, or -9 where it had to be killed."""
        if self.running is None:
            return 0
        self.running.terminate()
        return self._wait()

    def _wait(self) -> int:
        assert self.running
        assert self._told
        try:
            code = self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            code = self.running.wait()
        self._told.join(STOP_SECONDS)
        self.running = None
        return code
