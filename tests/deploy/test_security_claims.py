"""Each claim of SECURITY.md names the tests that hold it: they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_a_claim_names_is_there() -> None:
    told = (ROOT / "SECURITY.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", told))
    files = re.findall(r"`(tests/[\w/.]+)`", told)
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert len(named) > 30
    assert named - there == set()
    assert all((ROOT / file).exists() for file in files)
