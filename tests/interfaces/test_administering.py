"""What administrators may do about keys and people, over HTTP: everything about others, nothing beyond their reach."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from application.access import ROLES, Identity, granted
from application.credentials import Known, digest, new_key
from infrastructure.settings import Settings
from interfaces.granting import NewPerson
from interfaces.identities import Administering
from interfaces.main import application
from interfaces.problems import Problem
from tests.interfaces.test_identity import HERE, refused

AT = "2026-01-01T00:00:00+00:00"


class Desk:
    """A service, and who asks it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.keys: dict[str, str] = {}

    def known(self, name: str, *grants: str, groups: tuple[str, ...] = ()) -> None:
        self.keys[name] = new_key(name)
        known = Known(name, "key", digest(self.keys[name]), grants, groups, AT, "test")
        self.client.app.state.access.add_key(known)  # type: ignore[attr-defined]

    def ask(self, who: str, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return self.client.request(method, path, headers=headers, **({} if body is None else {"json": body}))

    def made(self, who: str, name: str, *grants: str, **more: Any) -> httpx2.Response:
        return self.ask(who, "POST", "/v1/keys", {"name": name, "grants": list(grants)} | more)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    with TestClient(application(settings, guarded=True), HERE, raise_server_exceptions=False) as client:
        desk = Desk(client)
        desk.known("boss", "administrator:*")
        desk.known("chief", "administrator:talks", "reader:fish")
        yield desk


def test_a_key_is_made_listed_and_revoked(desk: Desk, capfd: Any) -> None:
    answer = desk.made("boss", "desk", "reader:*", "reader:*", groups=["cabinet"], expires="2999-01-01")
    assert answer.status_code == 201
    assert "no-store" in answer.headers["cache-control"], "nobody on the way keeps a key"
    key = answer.json()["key"]
    desk.keys["desk"] = key
    assert desk.ask("desk", "GET", "/v1/negotiations").status_code == 200
    listed = desk.ask("boss", "GET", "/v1/keys").json()["items"]
    assert [item["name"] for item in listed] == ["boss", "chief", "desk"]
    assert listed[2] == {name: told for name, told in answer.json().items() if name != "key"}
    assert (listed[2]["grants"], listed[2]["created_by"]) == (["reader:*"], "boss")
    revoked = desk.ask("boss", "DELETE", "/v1/keys/desk").json()
    assert (revoked["revoked_by"], revoked["revoked"] is None) == ("boss", False)
    assert refused(desk.ask("desk", "GET", "/v1/negotiations"))[1] == "credential-revoked"
    assert refused(desk.ask("boss", "DELETE", "/v1/keys/desk"))[:2] == (404, "not-found")
    assert refused(desk.made("boss", "desk", "reader:*"))[:2] == (422, "name-taken")
    said = capfd.readouterr().err
    assert said.count("who is known has changed") == 2
    assert '"who": "boss"' in said
    for secret in (key[-43:], digest(key)):
        assert secret not in said + json.dumps(listed) + json.dumps(revoked)


def test_people_are_granted_and_removed(desk: Desk) -> None:
    answer = desk.ask("boss", "PUT", "/v1/people/auth0|a%2Fb", {"grants": ["analyst:talks"], "groups": ["cabinet"]})
    assert answer.status_code == 200
    assert desk.ask("boss", "GET", "/v1/people").json()["items"] == [answer.json()]
    assert answer.json()["subject"] == "auth0|a/b"
    assert desk.ask("boss", "DELETE", "/v1/people/auth0|a%2Fb").json()["revoked_by"] == "boss"
    assert refused(desk.ask("boss", "DELETE", "/v1/people/auth0|a%2Fb"))[:2] == (404, "not-found")
    assert refused(desk.ask("boss", "PUT", "/v1/people/boss", {"grants": ["reader:*"]}))[1] == "not-to-oneself"
    assert refused(desk.ask("boss", "PUT", "/v1/people/chief", {"grants": ["reader:*"]}))[1] == "name-taken"


@pytest.mark.parametrize("role", ROLES)
def test_only_administrators_administer(role: str, desk: Desk) -> None:
    desk.known("other", f"{role}:*")
    for method, path in (
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("DELETE", "/v1/keys/nobody"),
        ("GET", "/v1/people"),
        ("PUT", "/v1/people/x"),
        ("DELETE", "/v1/people/x"),
    ):
        answer = desk.ask("other", method, path)
        if role == "administrator":
            assert answer.status_code != 403
        else:
            assert refused(answer)[:2] == (403, "not-permitted")
    assert desk.ask("boss", "GET", "/v1/negotiations").status_code == 403, "people and keys, not content"


def test_an_administrator_of_one_negotiation_reaches_no_further(desk: Desk) -> None:
    for grants, groups in (
        (["reader:*"], []),
        (["administrator:*"], []),
        (["reader:fish"], []),
        (["reader:talks", "reader:fish"], []),
        (["reader:talks"], ["cabinet"]),
    ):
        body = {"grants": grants, "groups": groups}
        assert refused(desk.made("chief", "more", *grants, groups=groups))[:2] == (403, "beyond-its-negotiations")
        assert refused(desk.ask("chief", "PUT", "/v1/people/ada", body))[:2] == (403, "beyond-its-negotiations")
    assert desk.made("chief", "clerk", "recorder:talks", "administrator:talks").status_code == 201
    desk.known("wide", "reader:talks", "reader:fish")
    desk.known("trusted", "reader:talks", groups=("cabinet",))
    assert [item["name"] for item in desk.ask("chief", "GET", "/v1/keys").json()["items"]] == ["clerk"]
    for name in ("boss", "chief", "wide", "trusted", "nobody"):
        assert refused(desk.ask("chief", "DELETE", f"/v1/keys/{name}"))[:2] == (404, "not-found")
    assert desk.ask("chief", "DELETE", "/v1/keys/clerk").status_code == 200


def test_an_administrator_of_one_negotiation_takes_nothing_that_it_could_not_give(desk: Desk) -> None:
    one = "/v1/people/ada"
    assert desk.ask("boss", "PUT", one, {"grants": ["reader:talks", "auditor:*"]}).status_code == 200
    for method, code in (("PUT", "beyond-its-negotiations"), ("DELETE", "not-found")):
        body = {"grants": ["reader:talks"]} if method == "PUT" else None
        assert refused(desk.ask("chief", method, one, body))[1] == code
    assert desk.ask("chief", "GET", "/v1/people").json() == {"items": []}
    assert desk.ask("boss", "DELETE", one).status_code == 200
    assert desk.ask("chief", "PUT", one, {"grants": ["reader:talks"]}).status_code == 200
    assert desk.ask("chief", "DELETE", one).status_code == 200


def test_nobody_changes_what_they_are_granted_themselves(desk: Desk) -> None:
    """Neither a person, of whom nobody but others changes anything, nor a key, whose grants are as it was made."""
    assert desk.ask("boss", "PUT", "/v1/people/ada", {"grants": ["administrator:*"]}).status_code == 200
    ada = Identity("ada", granted(("administrator:*",)))
    store = desk.client.app.state.access  # type: ignore[attr-defined]
    now = datetime.now(UTC)
    for work in (
        lambda: Administering(store, ada, "set-person", now).set("ada", NewPerson(grants=["auditor:*"])),
        lambda: Administering(store, ada, "remove-person", now).revoke("person", "ada"),
    ):
        with pytest.raises(Problem) as raised:
            work()
        assert raised.value.document["code"] == "not-to-oneself"
    assert refused(desk.made("boss", "boss", "auditor:*"))[1] == "name-taken"
    assert desk.ask("boss", "DELETE", "/v1/keys/boss").status_code == 200, "a key that leaked ends itself"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "desk"}, 422, "missing-field"),
        ({"name": "desk", "grants": []}, 422, "too-short"),
        ({"name": "desk", "grants": "reader:*"}, 422, "list-type"),
        ({"name": "desk", "grants": ["boss:*"]}, 422, "not-a-grant"),
        ({"name": "desk", "grants": ["reader:" + "x" * 100]}, 422, "too-long"),
        ({"name": "desk_1", "grants": ["reader:*"]}, 422, "not-a-name"),
        ({"name": "x" * 81, "grants": ["reader:*"]}, 422, "too-long"),
        ({"name": "local", "grants": ["reader:*"]}, 422, "name-reserved"),
        ({"name": "desk", "grants": ["reader:*"], "expires": "soon"}, 422, "no-such-time"),
        ({"name": "desk", "grants": ["reader:*"], "expires": "2020-01-01"}, 422, "already-expired"),
        ({"name": "desk", "grants": ["reader:*"], "groups": ["The Cabinet"]}, 422, "not-a-name"),
        ({"name": "desk", "grants": ["reader:*"], "digest": "0"}, 422, "unknown-field"),
        ([], 422, "model-type"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(body: Any, status: int, code: str, desk: Desk) -> None:
    assert refused(desk.ask("boss", "POST", "/v1/keys", body))[:2] == (status, code)
    assert len(desk.ask("boss", "GET", "/v1/keys").json()["items"]) == 2


def test_a_body_is_json_of_a_bounded_length(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.keys['boss']}"}
    assert refused(desk.client.post("/v1/keys", content=b"{}", headers=headers))[:2] == (415, "wrong-media-type")
    headers |= {"Content-Type": "application/json"}
    assert refused(desk.client.post("/v1/keys", content=b"{", headers=headers))[:2] == (400, "malformed-json")
    long = b" " * 65537
    assert refused(desk.client.post("/v1/keys", content=long, headers=headers))[:2] == (413, "body-too-large")


def test_a_process_that_only_reads_administers_nothing(settings: Settings, desk: Desk) -> None:
    reading = application(settings, parts=("reading",))
    assert not {"/v1/keys", "/v1/people"} & set(reading.openapi()["paths"])
