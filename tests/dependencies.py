"""Is anything known to be wrong with what Parley is installed with? `make audit` asks, and `make check` with it.

A vulnerability that is known ends it with an error. Where the service that knows them cannot be reached, or does not
know the packages, it says so in capitals and lets the rest go on: a check that did not run is not one that passed. One
package is asked for first, and the others only where there was an answer."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
TIMEOUT_SECONDS = 300
_AUDIT = "-m", "pip_audit", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "10"

Run = Callable[[list[str]], str]


class Audited(NamedTuple):
    """How many packages were looked up, how many not, and what is known of those that were."""

    known: int
    unknown: int
    faults: list[str]


def asked(arguments: list[str]) -> str:
    """What pip-audit writes; nothing where it cannot look anything up."""
    try:
        ran = subprocess.run(
            [sys.executable, *_AUDIT, *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return ran.stdout


def audited(told: str) -> Audited:
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, LookupError, TypeError):
        return Audited(0, 0, [])
    found = [package for package in packages if "vulns" in package]
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}"
        f" (mended in {', '.join(fault['fix_versions']) or 'no version yet'})"
        for package in found
        for fault in package["vulns"]
    ]
    return Audited(len(found), len(packages) - len(found), faults)


def check(lock: Path = LOCK, run: Run = asked) -> int:
    """Say what was found; gives the exit code."""
    pinned = [line.split()[0] for line in lock.read_text().splitlines() if "==" in line.partition("#")[0]]
    with TemporaryDirectory() as folder:
        first = Path(folder, "first.txt")
        first.write_text(f"{pinned[0]}\n")
        if not audited(run(["--no-deps", "-r", str(first)])).known:
            print(
                f"NOT CHECKED: none of {len(pinned)} packages, the service that knows vulnerabilities gives no answer."
            )
            return 0
    found = audited(run(["--require-hashes", "-r", str(lock)]))
    for fault in found.faults:
        print(f"VULNERABLE: {fault}")
    if found.known < len(pinned):
        print(f"NOT CHECKED: {len(pinned) - found.known} of {len(pinned)} packages.")
    print(f"{found.known} packages looked up, {len(found.faults)} vulnerabilities known.")
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(check())
