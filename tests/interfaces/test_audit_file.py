"""The audit file: written, checked against this code's own replay, loaded into a store of its own; nothing in it can be
changed unseen."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from interfaces import audit_file
from interfaces.cli import app

LINES = [
    {"command": "open-negotiation", "title": "Talks"},
    {"command": "open-negotiation", "title": "Others", "negotiation": "others"},
    {"command": "add-party", "party": "north", "name": "North", "kind": "state"},
    {"command": "add-party", "party": "south", "name": "South", "kind": "state", "occurred": "2025-03-01"},
    {"command": "raise-issue", "issue": "fish", "title": "Fish"},
    *(
        {"command": "make-claim", "claimant": who, "kind": "position", "subject": "issue/fish", "occurred": day}
        | {"value": {"type": "share", "percent": percent}, "published": day}
        for who, day, percent in (("north", "2025-02-01", "10"), ("south", "2025-03-01", "90"))
    ),
]
VIEWS = 12


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def chosen(name: str) -> None:
        monkeypatch.setenv("PARLEY_DATABASE", f"sqlite:///{tmp_path}/{name}.db")

    return chosen


@pytest.fixture
def case(tmp_path: Path, store: Callable[[str], None]) -> Path:
    store("origin")
    file = tmp_path / "case.ndjson"
    file.write_text("\n".join(json.dumps({"negotiation": "talks", "occurred": "2025-01-02"} | line) for line in LINES))
    assert parley("record", str(file)).exit_code == 0
    return file


def written(tmp_path: Path, *times: str) -> Path:
    file = tmp_path / "talks.zip"
    result = parley("audit", "write", "talks", str(file), *times)
    assert result.exit_code == 0, result.output
    return file


def content(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    files = content(file)
    with zipfile.ZipFile(file, "w") as archive:
        for key, held in files.items():
            archive.writestr(key, change(held) if key == name else held)


@pytest.mark.parametrize(
    "times",
    [
        (),
        ("--as-of", "2025-02-15"),
        ("--as-of", "2025-03-15", "--public-at", "2025-02-15"),
        ("--known-at", "2026-01-01"),
    ],
)
def test_what_is_written_is_what_another_replays(case: Path, tmp_path: Path, times: tuple[str, ...]) -> None:
    file = written(tmp_path, *times)
    result = parley("audit", "check", str(file))
    assert result.exit_code == 0, result.output
    assert result.output.count("0 differ") == VIEWS
    manifest = json.loads(content(file)["manifest.json"])
    asked = dict(zip(times[::2], times[1::2], strict=True))
    for option, name in (("--as-of", "as_of"), ("--public-at", "public_at"), ("--known-at", "known_at")):
        assert manifest["times"][name] == asked.get(option, manifest["times"][name])


def test_what_is_known_on_a_day_that_is_not_over_is_what_was_known_with_its_last_record(
    case: Path, tmp_path: Path
) -> None:
    files = content(written(tmp_path, "--known-at", datetime.now(UTC).date().isoformat()))
    last = json.loads(files["records.ndjson"].splitlines()[-1])
    assert json.loads(files["manifest.json"])["times"]["known_at"] == last["envelope"]["recorded"]


def test_it_holds_the_records_of_one_negotiation_alone(case: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in content(written(tmp_path))["records.ndjson"].splitlines()]
    assert {record["envelope"]["negotiation"] for record in records} == {"talks"}
    assert len(records) == len(LINES) - 1


def test_writing_it_twice_gives_the_same_bytes(case: Path, tmp_path: Path) -> None:
    times = ("--as-of", "2025-02-15", "--known-at", "2026-11-01")
    assert written(tmp_path, *times).read_bytes() == written(tmp_path, *times).read_bytes()


def test_loaded_into_a_store_of_its_own_it_answers_as_its_origin(
    case: Path, tmp_path: Path, store: Callable[[str], None]
) -> None:
    file = written(tmp_path)
    shown = {view: json.loads(parley("show", view, "talks", "--json").stdout) for view in ("positions", "timeline")}
    store("other")
    result = parley("audit", "load", str(file))
    assert result.exit_code == 0, result.output
    for view, items in shown.items():
        assert json.loads(parley("show", view, "talks", "--json").stdout) == items
    again = parley("audit", "load", str(file))
    assert again.exit_code == 1
    assert "a store of its own" in again.output


@pytest.mark.parametrize("name", ["records.ndjson", "views/positions.ndjson"])
def test_a_changed_byte_is_found(case: Path, tmp_path: Path, name: str) -> None:
    file = written(tmp_path)
    rewritten(file, name, lambda held: held.replace(b'"90"', b'"91"'))
    result = parley("audit", "check", str(file))
    assert result.exit_code == 1
    assert name in result.output


def test_a_change_that_its_hashes_hide_is_found_by_the_replay(case: Path, tmp_path: Path) -> None:
    file = written(tmp_path)
    hashed(file, "views/positions.ndjson", lambda held: held.replace(b'"90"', b'"91"'))
    result = parley("audit", "check", str(file))
    assert result.exit_code == 1
    assert "issue/fish:south:position" in result.output


def test_another_version_of_the_code_is_said(case: Path, tmp_path: Path) -> None:
    file = written(tmp_path)
    rewritten(file, "manifest.json", lambda held: held.replace(b'"fold": "', b'"fold": "0'))
    result = parley("audit", "check", str(file))
    assert result.exit_code == 0
    assert "another version of the code" in result.output


def hashed(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change a file of the archive, and the manifest to fit."""
    rewritten(file, name, change)
    found = hashlib.sha256(content(file)[name]).hexdigest()

    def fitted(held: bytes) -> bytes:
        manifest: dict[str, Any] = json.loads(held)
        manifest["files"][name] = found
        return json.dumps(manifest).encode()

    rewritten(file, "manifest.json", fitted)


def told(**changes: Any) -> Callable[[bytes], bytes]:
    """A manifest with other values; None leaves one out."""

    def changed(held: bytes) -> bytes:
        manifest = json.loads(held) | changes
        return json.dumps({name: value for name, value in manifest.items() if value is not None}).encode()

    return changed


def refused(file: Path) -> str:
    """What both commands say of an archive."""
    said = set()
    for command in ("check", "load"):
        result = parley("audit", command, str(file))
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit), result.exception
        said.add(result.output)
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize(
    "change",
    [
        *(told(**{name: None}) for name in ("format", "negotiation", "times", "version", "fold", "files")),
        told(format=2),
        told(files=[]),
        told(negotiation=["talks"]),
        told(negotiation="others"),
        told(times={"as_of": "yesterday"}),
        told(times={"as_of": 5}),
        lambda held: b"[]",
        lambda held: b"null",
        lambda held: b"[" * 100_000,
        lambda held: b"",
        lambda held: bytes([255]),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    case: Path, tmp_path: Path, store: Callable[[str], None], change: Callable[[bytes], bytes]
) -> None:
    file = written(tmp_path)
    rewritten(file, "manifest.json", change)
    store("other")
    assert "Traceback" not in refused(file)


@pytest.mark.parametrize("name", ["records.ndjson", "views/positions.ndjson"])
@pytest.mark.parametrize(
    "change",
    [
        lambda held: b"garbage",
        lambda held: b"{}",
        lambda held: b"[]",
        lambda held: b"5",
        lambda held: bytes([255]),
        lambda held: held + b'{"type": "Nothing.Known", "position": 99}',
    ],
)
def test_lines_that_cannot_be_are_refused(
    case: Path, tmp_path: Path, store: Callable[[str], None], name: str, change: Callable[[bytes], bytes]
) -> None:
    file = written(tmp_path)
    hashed(file, name, change)
    store("other")
    assert "is no audit file" in refused(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held + held, "not in its place"),
        (lambda held: b"".join(reversed(held.splitlines(keepends=True))), "not in its place"),
        (lambda held: held[held.index(b"\n") + 1 :], None),
        (lambda held: held.replace(b'"negotiation": "talks"', b'"negotiation": "others"'), "none of talks"),
        (lambda held: held.replace(b'"occurred": "2025-01-02"', b'"occurred": "soon"'), "is no audit file"),
    ],
)
def test_records_that_are_no_log_are_refused(
    case: Path, tmp_path: Path, store: Callable[[str], None], change: Callable[[bytes], bytes], said: str | None
) -> None:
    file = written(tmp_path)
    hashed(file, "records.ndjson", change)
    store("other")
    if said:
        assert said in refused(file)
    else:  # a whole stream is gone: only the views tell
        assert parley("audit", "check", str(file)).exit_code == 1


def test_an_archive_holds_each_file_once_and_no_other(case: Path, tmp_path: Path, store: Callable[[str], None]) -> None:
    store("other")
    for name in ("../../evil", "views/positions.ndjson", "manifest.json"):
        store("origin")
        file = written(tmp_path)
        store("other")
        with (
            pytest.warns(UserWarning, match="Duplicate name") if name in content(file) else nullcontext(),
            zipfile.ZipFile(file, "a") as archive,
        ):
            archive.writestr(name, b"")
        assert "once and nothing else" in refused(file)


def test_what_unpacks_to_too_much_is_not_unpacked(
    case: Path, tmp_path: Path, store: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path)
    store("other")
    monkeypatch.setattr(audit_file, "BYTES_MAX", 1000)
    assert "unpacks to more than" in refused(file)


def test_a_flipped_byte_anywhere_is_found(case: Path, tmp_path: Path) -> None:
    """Not in the bookkeeping of the archive itself, which carries nothing."""
    file = written(tmp_path)
    held = file.read_bytes()
    for place in range(40, len(held) // 2, 97):
        file.write_bytes(held[:place] + bytes([held[place] ^ 1]) + held[place + 1 :])
        result = parley("audit", "check", str(file))
        assert isinstance(result.exception, SystemExit) or result.exit_code == 0, place
        if result.exit_code == 0:
            file.write_bytes(held)
            whole = content(file)
            file.write_bytes(held[:place] + bytes([held[place] ^ 1]) + held[place + 1 :])
            assert content(file) == whole


@pytest.mark.parametrize("held", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_audit_file_is_one_sentence(tmp_path: Path, held: bytes, store: Callable[[str], None]) -> None:
    store("other")
    file = tmp_path / "none.zip"
    file.write_bytes(held)
    for command in ("check", "load"):
        result = parley("audit", command, str(file))
        assert result.exit_code == 1
        assert "is no audit file" in result.output
    file.unlink()
    assert parley("audit", "check", str(file)).exit_code == 1


def test_of_no_negotiation_nothing_is_written(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "none.zip"
    result = parley("audit", "write", "none", str(file))
    assert result.exit_code == 1
    assert not file.exists()


@pytest.mark.parametrize("place", ["nowhere/a.zip", "."])
def test_where_no_file_can_be_written_is_one_sentence(case: Path, tmp_path: Path, place: str) -> None:
    result = parley("audit", "write", "talks", str(tmp_path / place))
    assert result.exit_code == 1
    assert "cannot be written" in result.output
    assert "Traceback" not in result.output
