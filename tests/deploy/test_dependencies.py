"""The audit of what is installed: it fails where something is known, and never keeps silent where nothing was asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dependencies import audited, check

LOCK = "alpha==1.0 \\\n    --hash=sha256:00\n    # via parley\nbeta[x]==2.0 ; python_version > '3' \\\n    --hash=sha256:11\n"
WHOLE = {"name": "alpha", "version": "1.0", "vulns": []}
SKIPPED = {"name": "alpha", "skip_reason": "Dependency not found on PyPI and could not be audited: alpha (1.0)"}
BROKEN = {
    "name": "beta",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


def run(*answers: Any) -> tuple[list[list[str]], Any]:
    """Stands for pip-audit: gives one answer after the other."""
    asked: list[list[str]] = []
    left = [answer if isinstance(answer, str) else json.dumps({"dependencies": answer}) for answer in answers]

    def answer(arguments: list[str]) -> str:
        asked.append(arguments)
        return left.pop(0)

    return asked, answer


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text(LOCK)
    return file


def test_a_known_vulnerability_fails_the_check(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = run([WHOLE], [WHOLE, BROKEN])
    assert check(lock, answer) == 1
    told = capsys.readouterr().out
    assert (
        "VULNERABLE: beta 2.0: PYSEC-1 (mended in 2.1)\nVULNERABLE: beta 2.0: PYSEC-2 (mended in no version yet)"
        in told
    )


def test_all_that_is_looked_up_and_sound_passes(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = run([WHOLE], [WHOLE, BROKEN | {"vulns": []}])
    assert check(lock, answer) == 0
    assert capsys.readouterr().out == "2 packages looked up, 0 vulnerabilities known.\n"


@pytest.mark.parametrize("nothing", ["", "no JSON", "[]", "{}", [SKIPPED]])
def test_a_service_that_cannot_be_reached_is_told_and_asked_once(
    lock: Path, capsys: pytest.CaptureFixture[str], nothing: Any
) -> None:
    """pip-audit itself says that no vulnerability is known where it has looked up nothing."""
    asked, answer = run(nothing)
    assert check(lock, answer) == 0
    assert capsys.readouterr().out.startswith("NOT CHECKED: none of 2 packages")
    assert len(asked) == 1


def test_a_package_that_is_not_known_there_is_told(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = run([WHOLE], [WHOLE, SKIPPED])
    assert check(lock, answer) == 0
    assert "NOT CHECKED: 1 of 2 packages." in capsys.readouterr().out
    assert audited(json.dumps({"dependencies": [SKIPPED]})).unknown == 1
