"""A new view is one new file, as README.md says: it is folded, served, shown and checked without another line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
SPEAKERS = '''
from msgspec.structs import replace

from application.view import Document, Index, View
from domain.claim import Claim


class SpeakersDocument(Document, frozen=True):
    """In how many claims somebody spoke for a claimant."""

    claims: int = 0


def keys(event):
    if isinstance(event, Claim.Made) and event.speaker:
        yield event.claimant


def evolve(document, record, key):
    document = document or SpeakersDocument(negotiation=record.event.envelope.negotiation, key=key)
    return replace(document, claims=document.claims + 1)


def index(document):
    return Index(parties=frozenset([document.key]))


VIEW = View("speakers", SpeakersDocument, keys, evolve, index, of=(Claim,))
'''
CLAIM = {
    "command": "make-claim",
    "kind": "position",
    "claimant": "north",
    "subject": "issue/fish",
    "speaker": "A minister",
}
COMMANDS = [
    {"command": "open-negotiation", "title": "Talks"},
    {"command": "add-party", "party": "north", "name": "North", "kind": "state"},
    {"command": "raise-issue", "issue": "fish", "title": "Fish"},
    *(CLAIM | {"value": {"type": "share", "percent": percent}} for percent in ("10", "20")),
]


def test_a_new_view_is_one_new_file(tmp_path: Path) -> None:
    for part in ("domain", "application", "infrastructure", "interfaces"):
        shutil.copytree(HOUSE / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "application" / "projections" / "speakers.py").write_text(SPEAKERS)
    told = [json.dumps({"negotiation": "talks", "occurred": "2025-01-02"} | command) for command in COMMANDS]
    (tmp_path / "case.ndjson").write_text("\n".join(told))

    def parley(*arguments: str) -> str:
        environment = os.environ | {"PARLEY_DATABASE": f"sqlite:///{tmp_path}/parley.db", "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "interfaces", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    parley("record", "case.ndjson")
    (shown,) = json.loads(parley("show", "speakers", "talks", "--json"))
    assert (shown["key"], shown["claims"]) == ("north", 2)
    assert "north" in parley("show", "speakers", "talks")
    parley("audit", "write", "talks", "talks.zip")
    assert "speakers: 1 alike, 0 differ" in parley("audit", "check", "talks.zip")
