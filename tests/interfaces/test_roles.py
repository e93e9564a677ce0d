"""Every operation of the OpenAPI document, asked with every role: one table says what becomes of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from application.access import EVERY, OPEN, ROLES, operations
from application.command import all_commands
from application.credentials import Known, digest, new_key
from infrastructure.access import AccessStore
from infrastructure.settings import Settings
from interfaces.main import application

FILLED = {
    "slug": "talks",
    "key": "fish",
    "id": "019a8b5e-0000-7000-8000-000000000001",
    "name": "somebody",
    "subject": "me",
}
ASKED = {
    "show-diff": {"from": "2025-01-01", "to": "2025-02-01"},
    "show-grounds": {"view": "ledger"},
    "show-reliance": {"source": "paper"},
    "list-tariffs": {"negotiation": "talks"},
    "show-split": {"provision": "a/b", "amount": "1", "currency": "USD"},
    "show-sum": {"rung": "pledge"},
    "suppose": {"view": "ledger"},
    "prove-consistency": {"from": "1", "to": "2"},
}


class Operation(NamedTuple):
    """One operation of the document, with a request that has the right form."""

    name: str
    method: str
    path: str
    params: dict[str, str]
    content: bytes | None
    media_type: str


def operations_of(app: FastAPI) -> Iterator[Operation]:
    for path, methods in app.openapi()["paths"].items():
        for method, described in methods.items():
            name = described["operationId"]
            body, media_type = None, "application/json"
            if name in all_commands():
                body = json.dumps(all_commands()[name].EXAMPLE | {"negotiation": "talks"}).encode()
            elif name in {"record-many", "suppose"}:
                media_type = "application/x-ndjson"
                note = {"negotiation": "talks", "occurred": "2025-01-02", "about": "issue/fish", "note": "X"}
                body = json.dumps(note | {"command": "annotate"}).encode()
            elif name in {"create-key", "set-person"}:
                grants = {"grants": ["reader:talks"]}
                body = json.dumps(grants | ({"name": "somebody"} if name == "create-key" else {})).encode()
            yield Operation(name, method, path.format(**FILLED), ASKED.get(name, {}), body, media_type)


class Asked:
    """A guarded service, and a key for each role, in all negotiations and in one alone."""

    def __init__(self, client: TestClient, app: FastAPI, settings: Settings) -> None:
        self.client = client
        self.app = app
        self._store = AccessStore(settings.store())
        self._keys = {(role, where): self._key(role, where) for role in ROLES for where in (EVERY, "talks", "others")}
        self._store.close()

    def _key(self, role: str, where: str) -> str:
        name = f"{role}-{'all' if where == EVERY else where}"
        key = new_key(name)
        made = datetime.now(UTC).isoformat()
        self._store.add_key(Known(name, "key", digest(key), (f"{role}:{where}",), (), made, "test"))
        return key

    def ask(self, operation: Operation, role: str, where: str = EVERY) -> Any:
        headers = {"Authorization": f"Bearer {self._keys[role, where]}", "Content-Type": operation.media_type}
        return self.client.request(
            operation.method,
            operation.path,
            params=operation.params or None,
            content=operation.content,
            headers=headers,
        )


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    settings = Settings(database=f"sqlite:///{tmp_path_factory.mktemp('store')}/parley.db")
    with TestClient(application(settings)) as client:
        for command, body in (
            ("open-negotiation", {"title": "Talks"}),
            ("raise-issue", {"issue": "fish", "title": "Fish"}),
        ):
            told = {"negotiation": "talks", "occurred": "2025-01-02"} | body
            assert client.post(f"/v1/records/{command}", json=told).status_code == 201
    app = application(settings, guarded=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Asked(client, app, settings)


def test_every_operation_is_in_the_table_and_no_other(asked: Asked) -> None:
    documented = {operation.name for operation in operations_of(asked.app)}
    inside = {"record-many"}
    """Each of its lines is one of the commands."""
    beside = {"readiness-in-full"}
    """Answered beside the operations of the document, or more of one of them."""
    assert documented - inside - OPEN == set(operations()) - beside


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(asked: Asked, role: str) -> None:
    for operation in operations_of(asked.app):
        answer = asked.ask(operation, role)
        needed = operations()["annotate"] if operation.name == "record-many" else operations().get(operation.name)
        assert answer.status_code < 500, (operation, answer.text)
        if needed is None or role in needed:
            assert answer.status_code not in {401, 403}, (operation, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted"), (operation, answer.text)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_elsewhere_gives_nothing_here(asked: Asked, role: str) -> None:
    for operation in operations_of(asked.app):
        if operation.name in OPEN or (
            operation.method != "get" and operation.name != "suppose" and role != "administrator"
        ):
            continue
        answer = asked.ask(operation, role, "others")
        assert answer.status_code < 500
        assert "fish" not in answer.text.lower().replace(operation.path, "").replace("fish among", ""), operation


def test_nobody_without_a_key_is_answered(asked: Asked) -> None:
    for operation in operations_of(asked.app):
        answer = asked.client.request(operation.method, operation.path, content=operation.content)
        if operation.name in OPEN:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json().get("code")) == (401, "no-identity"), (operation, answer.text)


def test_who_records_is_who_was_verified(asked: Asked) -> None:
    operation = next(one for one in operations_of(asked.app) if one.name == "annotate")
    told = json.dumps({"negotiation": "talks", "occurred": "2025-01-02", "about": "issue/fish", "note": "X"}).encode()
    taken = asked.ask(operation._replace(content=told), "recorder", "talks")
    assert taken.status_code == 201
    shown = asked.ask(Operation("show-record", "get", taken.json()["address"], {}, None, "application/json"), "reader")
    assert shown.json()["envelope"]["recorded_by"] == "recorder-talks"
    refused = asked.ask(operation._replace(content=told[:-1] + b', "recorded_by": "somebody-else"}'), "recorder")
    assert refused.json()["code"] == "unknown-field"
