"""What a client cannot do to the service, and what nobody is told."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from infrastructure.settings import Settings
from interfaces.cli import app
from interfaces.telling import DEPTH_MAX
from tests.interfaces.conftest import Tell

HIDDEN = "correct-horse"
BODY = '{"negotiation": "talks", "occurred": "2025-01-02", "record": "%s", "reason": "R.", "changes": {"title": %s}}'
RECORD = "00000000-0000-0000-0000-000000000000"


def nested(levels: int) -> str:
    """A value of so many levels, two of which are the body and its changes."""
    half = (levels - 2) // 2
    return '[{"a":' * half + "1" + "}]" * half


def ways(client: TestClient, value: str) -> Iterator[tuple[int, str]]:
    """The status and the code that each way of telling a correction is answered with."""
    body = BODY % (RECORD, value)
    line = {"content": '{"command": "correct-record", ' + body[1:], "headers": {"Content-Type": "application/x-ndjson"}}
    one = {"content": body, "headers": {"Content-Type": "application/json"}}
    for path, told in (
        ("/v1/records/correct-record", one),
        ("/v1/records/correct-record?", one),
        ("/v1/records", line),
        ("/v1/negotiations/talks/suppose?view=ledger", line),
    ):
        answer = client.post(path, **told)  # type: ignore[arg-type]
        yield answer.status_code, answer.json()["code"]
    (each,) = client.post("/v1/records?each=1", **line).text.splitlines()  # type: ignore[arg-type]
    yield json.loads(each)["status"], json.loads(each)["problem"]["code"]


@pytest.mark.parametrize("levels", [DEPTH_MAX + 2, 64, 1_000, 100_000])
def test_what_nests_too_deep_is_refused_before_it_is_read(client: TestClient, tell: Tell, levels: int) -> None:
    assert set(ways(client, nested(levels))) == {(400, "too-deep")}


def test_what_nests_as_deep_as_it_may_is_judged_by_its_content(client: TestClient, tell: Tell) -> None:
    assert set(ways(client, nested(DEPTH_MAX))) == {(422, "unknown")}


def test_brackets_in_a_text_are_no_levels(client: TestClient, tell: Tell) -> None:
    text = json.dumps('\\"' + "[{" * 1_000 + '"')
    assert set(ways(client, text)) == {(422, "unknown")}
    assert tell("annotate", note="[" * 500).status_code == 201


@pytest.mark.parametrize("piece", ["[", '{"a":', '"', '\\"', '"\\', "]", '[""', '"[\\"'])
def test_to_look_for_levels_takes_no_longer_than_to_read(client: TestClient, tell: Tell, piece: str) -> None:
    began = time.monotonic()
    content = (piece * 10**6)[: 10**6]
    answer = client.post(
        "/v1/records/annotate", content="[" * 33 + content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    answer = client.post("/v1/records/annotate", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert time.monotonic() - began < 5


def test_an_answer_is_not_much_longer_than_what_it_answers(client: TestClient, tell: Tell) -> None:
    many = {f"field-{number}": 1 for number in range(10_000)}
    few = {f"field-{number}": 1 for number in range(60)}
    for answer in (tell("annotate", note="N.", **many), client.get("/v1/records", params=few)):
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 50
        assert len(answer.content) < 10_000


def test_a_query_has_a_bounded_number_of_parameters(client: TestClient, tell: Tell) -> None:
    """Also where the same one is told again and again."""
    assert client.get(f"/v1/records?{'&'.join(['limit=1'] * 64)}").status_code == 200
    for _ in range(2):
        answer = client.get(f"/v1/records?{'&'.join(['limit=1'] * 65)}")
        assert (answer.status_code, answer.json()["code"]) == (422, "too-many-parameters")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "most"), [("/v1/records", 1000), ("/v1/flags", 500), ("/v1/negotiations/talks/positions", 500)]
)
def test_a_page_has_a_bounded_length(client: TestClient, tell: Tell, path: str, most: int) -> None:
    assert client.get(path, params={"limit": most}).status_code == 200
    assert client.get(path, params={"limit": most + 1}).status_code == 422


def test_a_body_has_a_bounded_length(client: TestClient, tell: Tell) -> None:
    answer = tell("annotate", note="a" * 1024 * 1024)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_the_files_of_a_store_are_for_their_owner_alone(client: TestClient, tell: Tell, settings: Settings) -> None:
    folder = Path(settings.database.removeprefix("sqlite:///")).parent
    held = {file.name: file.stat().st_mode & 0o077 for file in folder.iterdir() if file.stat().st_size}
    assert {"parley.db", "parley.db-wal", "parley.db.views", "parley.db.proofs"} <= set(held)
    assert set(held.values()) == {0}


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the command line."""
    group = group or typer.main.get_command(app)
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_no_help_tells_a_secret(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE", f"postgresql://u:{HIDDEN}@127.0.0.1:1/parley")
    monkeypatch.setenv("PGPASSWORD", HIDDEN)
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert HIDDEN not in result.output
    assert "127.0.0.1:1" not in result.output


FAILING = (
    ("serve",),
    ("project",),
    ("migrate",),
    ("rebuild",),
    ("retry",),
    ("backup", "{new}"),
    ("restore", "{file}"),
    ("record", "{file}"),
    ("demo", "{file}"),
    ("show", "ledger", "talks"),
    ("diff", "talks", "2025-01-01", "2025-02-01"),
    ("grounds", "talks", "ledger"),
    ("reliance", "talks", "source"),
    ("history", "talks", "round/1"),
    ("export",),
    ("audit", "write", "talks", "{new}"),
    ("audit", "load", "{file}"),
)


@pytest.mark.parametrize("command", FAILING, ids=" ".join)
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://u:{HIDDEN}@127.0.0.1:1/parley",
        f"postgresql://u:{HIDDEN}@parley.invalid/parley",
        f"postgresql://u:p@{HIDDEN}@127.0.0.1/parley",
        f"mysql://u:{HIDDEN}@127.0.0.1/parley",
        f"postgresql://u:{HIDDEN}@127.0.0.1:port/parley",
    ],
)
def test_no_failure_tells_a_secret(
    command: tuple[str, ...], address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "file"
    file.write_text("{}\n")
    monkeypatch.setenv("PARLEY_DATABASE", address)
    told = [part.format(new=tmp_path / "new", file=file) for part in command]
    result = CliRunner().invoke(app, told)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert HIDDEN not in result.output


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_LOG", HIDDEN)
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert result.output.strip() == "PARLEY_LOG: Input should be 'text' or 'json'."


def test_every_command_that_uses_a_store_is_among_those_that_fail() -> None:
    named = {command[:2] if command[0] == "audit" else command[:1] for command in FAILING}
    groups = {(), ("audit",)}
    own_tests = {"keys", "people", "events", "seal", "verify", "erase"}
    others = {path for path in commands() if path not in groups and path[0] not in own_tests}
    assert others - named == {("audit", "check")}
