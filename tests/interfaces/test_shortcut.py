"""The shortcut answers as the routes do."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from interfaces import shortcut, stores

Answer = tuple[int, bytes, dict[str, str]]


def answered(client: TestClient, path: str, **told: Any) -> Answer:
    answer = client.request("POST" if told else "GET", path, **told)
    body = re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}|T[0-9:.]+Z", b"...", answer.content)
    return answer.status_code, body, {name: answer.headers[name] for name in ("content-type",)}


@pytest.fixture
def by_routes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on nothing is taken past the routes."""

    def close() -> None:
        async def nothing(*_: Any) -> None:
            return None

        monkeypatch.setattr(shortcut, "_recorded", nothing)
        monkeypatch.setattr(shortcut, "_shown", nothing)

    return close


@pytest.mark.parametrize(
    "path",
    [
        *("", "/ledger", "/rounds/round/1", "/rounds/round/2", "/rounds", "/deadlines/d", "/agreements/none"),
        *("/ledger/ledger", "/none", "/positions/issue/fish:north:position", "/", "/rounds/", "/rounds/A"),
    ],
)
def test_a_document_is_the_same_by_either_way(
    path: str, client: TestClient, tell: Callable[..., Any], by_routes: Callable[[], None]
) -> None:
    tell("open-round", round="1", place="Geneva")
    tell("set-deadline", deadline="d", title="Due", due="2025-02-01")
    head = client.get("/v1/records", params={"limit": 1}).headers["parley-position"]
    client.get("/v1/negotiations/talks", params={"min_position": head})
    for url in (f"/v1/negotiations/talks{path}", f"/v1/negotiations/{'t' * 81}{path}", f"/v1/negotiations/x{path}"):
        first = answered(client, url)
        assert first == answered(client, f"{url}?")
        by_routes()
        assert first == answered(client, url)


@pytest.mark.parametrize(
    "query",
    [
        *("min_position=1", "min_position=004", "min_position=0", "min_position=", "min_position=-1", "min_position=x"),
        *("min_position=1&min_position=2", "min_position=999999999999999999", "min_position=9999999999999999999"),
        *("min_position=1&as_of=2025-03-01", "min_position=1&", "x=1"),
    ],
)
def test_a_position_is_asked_for_alike_by_either_way(
    query: str,
    client: TestClient,
    tell: Callable[..., Any],
    by_routes: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.get("/v1/negotiations/talks", params={"min_position": 4})
    monkeypatch.setattr(stores, "SOON_SECONDS", 0)
    monkeypatch.setattr(stores, "WAIT_SECONDS", 0.01)
    first = answered(client, f"/v1/negotiations/talks?{query}")
    by_routes()
    assert first == answered(client, f"/v1/negotiations/talks?{query}")


@pytest.mark.parametrize(
    ("command", "body", "headers"),
    [
        ("annotate", '{"negotiation": "talks", "occurred": "2025-01-02", "note": "Noted."}', {}),
        ("annotate", '{"negotiation": "talks", "occurred": "2025-01-02"}', {}),
        ("annotate", '{"negotiation": "other", "occurred": "2025-01-02", "note": "Noted."}', {}),
        ("annotate", "{", {"Idempotency-Key": "k"}),
        ("annotate", "{}", {"Idempotency-Key": "k" * 201}),
        ("annotate", "{}", {"Content-Type": "text/plain"}),
        ("annotate", "{}", {"If-Match": '"7"'}),
        ("dream", "{}", {}),
    ],
)
def test_a_command_is_answered_the_same_by_either_way(
    command: str,
    body: str,
    headers: dict[str, str],
    client: TestClient,
    tell: Callable[..., Any],
    by_routes: Callable[[], None],
) -> None:
    told = {"content": body, "headers": {"Content-Type": "application/json"} | headers}
    status, first, kind = answered(client, f"/v1/records/{command}", **told)
    by_routes()
    again = answered(client, f"/v1/records/{command}", **told)
    moved = re.compile(rb'"(version|position)":\d+')
    assert (status, moved.sub(b"", first), kind) == (again[0], moved.sub(b"", again[1]), again[2])


@pytest.mark.parametrize("path", ["/v1/negotiations/talks", "/v1/negotiations", "/v1/records", "/healthz"])
def test_a_head_is_answered_as_a_get(path: str, client: TestClient, tell: Callable[..., Any]) -> None:
    position = client.get("/v1/records", params={"limit": 1}).headers["parley-position"]
    client.get("/v1/negotiations/talks", params={"min_position": position})
    asked, head = client.get(path), client.head(path)
    assert (head.status_code, head.headers.get("etag")) == (asked.status_code, asked.headers.get("etag"))
    assert (
        client.head("/v1/records/open-negotiation").status_code
        == client.get("/v1/records/open-negotiation").status_code
    )
