"""Who asks: each way in which credentials can be wrong has its one answer, and none of them repeats a secret."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from application.access import LOCAL
from application.credentials import Known, digest, new_key
from infrastructure.access import AccessStore
from infrastructure.settings import Settings
from interfaces.main import application
from interfaces.watching import Watch
from tests.interfaces.conftest import Clock

OPEN = {"/healthz", "/readyz"}
HERE = "http://127.0.0.1:8000"
INVALID = 'Bearer realm="parley", error="invalid_token"'
NowKnown = Callable[..., str]


@pytest.fixture
def guarded(address: str, clock: Clock) -> Iterator[TestClient]:
    """A service that knows nobody yet, on each kind of store, reached as on this machine."""
    app = application(Settings(database=address), clock=clock, guarded=True, watch=Watch(logs=True))
    with TestClient(app, HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def known(guarded: TestClient) -> NowKnown:
    """Makes keys, and gives them."""

    def make(name: str, *grants: str, expires: str | None = None) -> str:
        key = new_key(name)
        at = datetime.now(UTC).isoformat()
        guarded.app.state.access.add_key(Known(name, "key", digest(key), grants, (), at, "test", expires))  # type: ignore[attr-defined]
        return key

    return make


def ask(client: TestClient, *authorization: str, path: str = "/v1/negotiations") -> httpx2.Response:
    return client.get(path, headers=[("Authorization", told) for told in authorization])


def refused(answer: httpx2.Response, *secrets: str) -> tuple[int, str, str | None]:
    """The status, code and challenge of a refusal, which is a problem document without a secret."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(secret in answer.text + str(answer.headers) for secret in secrets)
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"], answer.headers.get("www-authenticate")


def test_a_key_opens_what_it_is_for(guarded: TestClient, known: NowKnown) -> None:
    key = known("desk", "reader:*")
    assert ask(guarded, f"Bearer {key}").status_code == 200
    assert ask(guarded, f"bearer   {key}").status_code == 200


def test_each_wrong_credential_has_its_answer(guarded: TestClient, known: NowKnown, capfd: Any) -> None:
    key, expired = known("desk", "reader:*"), known("old", "reader:*", expires="2026-01-01")
    revoked = known("gone", "reader:*")
    guarded.app.state.access.revoke_key("gone", datetime.now(UTC), "test")  # type: ignore[attr-defined]
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    cases: list[tuple[tuple[str, ...], str, str | None]] = [
        ((), "no-identity", 'Bearer realm="parley"'),
        ((f"Bearer {wrong}",), "unknown-credential", INVALID),
        ((f"Bearer {new_key('nobody-has-this')}",), "unknown-credential", INVALID),
        ((f"Bearer {key[:-1]}",), "unknown-credential", INVALID),
        ((f"Bearer {key.replace('desk', 'old')}",), "unknown-credential", INVALID),
        (("Bearer",), "unknown-credential", INVALID),
        (("Bearer ",), "unknown-credential", INVALID),
        ((f"Bearer {key} {key}",), "unknown-credential", INVALID),
        ((f"Bearer {key}, Bearer {key}",), "unknown-credential", INVALID),
        ((f"Bearer {'A' * 8193}",), "unknown-credential", INVALID),
        (("Bearer a.b.c",), "unknown-credential", INVALID),
        ((f"Bearer {expired}",), "credential-expired", INVALID),
        ((f"Bearer {revoked}",), "credential-revoked", INVALID),
        ((f"Basic {key}",), "unknown-scheme", INVALID),
        ((key,), "unknown-scheme", INVALID),
        ((f"Bearer {key}", f"Bearer {key}"), "several-credentials", INVALID),
    ]
    for headers, code, challenge in cases:
        for path in ("/v1/negotiations", "/v1/nowhere", "/v1/records/01900000-0000-7000-8000-000000000000"):
            assert refused(ask(guarded, *headers, path=path), key, wrong) == (401, code, challenge), headers
    told = capfd.readouterr()
    assert "unknown-credential" in told.err
    assert not any(secret in told.err for secret in (key, wrong, expired, revoked, key[-43:]))


@pytest.mark.parametrize(
    "query",
    [
        *("key={key}", "a=b&x={key}", "{key}", "x=%70arley{rest}", "x=eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."),
        *("access_token=x", "Token=x", "api_key=x", "apikey=x", "%74oken=x", "authorization=x", "token"),
    ],
)
def test_a_credential_in_an_address_is_refused_whatever_the_header_says(
    query: str, guarded: TestClient, known: NowKnown, capfd: Any
) -> None:
    key = known("desk", "reader:*")
    told = query.format(key=key, rest=key.removeprefix("parley"))
    for headers in ((), (f"Bearer {key}",)):
        answer = ask(guarded, *headers, path=f"/v1/negotiations?{told}")
        assert refused(answer, key, key[-43:]) == (400, "credential-in-address", None)
    assert refused(ask(guarded, path=f"/v1/keys/{key}"), key)[:2] == (400, "credential-in-address")
    said = capfd.readouterr().err
    assert "credential-in-address" in said
    assert key[-43:] not in said
    assert "eyJ" not in said


def test_a_query_that_only_resembles_a_credential_is_answered(guarded: TestClient, known: NowKnown) -> None:
    key = known("desk", "reader:*")
    for query in ("q=token", "q=parley_talks", "sort=key", "q=a%20key"):
        assert ask(guarded, f"Bearer {key}", path=f"/v1/negotiations?{query}").status_code == 200, query


def test_what_needs_no_identity_tells_nothing(guarded: TestClient, known: NowKnown) -> None:
    admin, desk = known("boss", "administrator:*"), known("desk", "reader:*")
    assert ask(guarded, path="/healthz").json()["ok"]
    assert ask(guarded, path="/openapi.json").status_code == 200
    assert ask(guarded, path="/docs").status_code == 200
    assert ask(guarded, path="/readyz").json() == {"ready": True}
    assert ask(guarded, f"Bearer {desk}", path="/readyz").json() == {"ready": True}
    assert "head" in ask(guarded, f"Bearer {admin}", path="/readyz").json()
    assert refused(ask(guarded, path="/metrics"))[1] == "no-identity"
    assert refused(ask(guarded, f"Bearer {desk}", path="/metrics"), desk) == (403, "not-permitted", None)
    assert refused(ask(guarded, path="/docs/oauth2-redirect"))[1] == "no-identity"


def test_without_credentials_every_operation_has_one_answer(guarded: TestClient, known: NowKnown) -> None:
    """Also what is not there: nobody learns without a key which paths there are."""
    known("desk", "reader:*")
    paths = guarded.get("/openapi.json").json()["paths"]
    asked = [(method, path) for path, methods in paths.items() for method in methods if path not in OPEN]
    assert len(asked) > 100
    for method, path in [*asked, ("get", "/v1/nowhere"), ("patch", "/v1/records"), ("get", "/docs/oauth2-redirect")]:
        assert refused(guarded.request(method, path)) == (401, "no-identity", 'Bearer realm="parley"'), path


def test_a_wrong_key_is_compared_as_a_right_one_is(
    guarded: TestClient, known: NowKnown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all of a digest, in constant time, also where there is no such name or no key at all."""
    key, compared = known("desk", "reader:*"), []

    def compare(told: str, kept: str) -> bool:
        compared.append((len(told), len(kept)))
        return hmac.compare_digest(told, kept)

    monkeypatch.setattr("application.credentials.hmac", SimpleNamespace(compare_digest=compare))
    for credential in (key, new_key("desk"), new_key("nobody-has-this"), "parley_", "x"):
        ask(guarded, f"Bearer {credential}")
    assert compared == [(64, 64)] * 5


def test_a_body_is_not_read_before_it_is_known_who_sends_it(guarded: TestClient, known: NowKnown) -> None:
    known("desk", "reader:*")

    def body() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = guarded.post("/v1/records/open-negotiation", content=body())
    assert refused(answer)[:2] == (401, "no-identity")


def test_an_open_service_is_closed_by_its_first_key(guarded: TestClient, known: NowKnown) -> None:
    assert ask(guarded).status_code == 200
    assert "head" in ask(guarded, path="/readyz").json()
    assert refused(ask(guarded, f"Bearer {new_key('desk')}"))[1] == "unknown-credential"
    known("desk", "reader:*")
    assert refused(ask(guarded))[1] == "no-identity"
    guarded.app.state.access.revoke_key("desk", datetime.now(UTC), "test")  # type: ignore[attr-defined]
    assert refused(ask(guarded))[1] == "no-identity"


def test_what_another_process_changes_counts_within_a_moment(guarded: TestClient, address: str) -> None:
    """An open service is closed, and a key that was revoked counts no longer."""
    key, at = new_key("desk"), datetime.now(UTC)
    with closing(AccessStore(Settings(database=address).store())) as other:
        other.add_key(Known("desk", "key", digest(key), ("reader:*",), (), at.isoformat(), "other"))
        _soon(lambda: ask(guarded).status_code == 401)
        assert ask(guarded, f"Bearer {key}").status_code == 200
        other.revoke_key("desk", at, "other")
        _soon(lambda: ask(guarded, f"Bearer {key}").status_code == 401)
    assert ask(guarded, f"Bearer {key}").json()["code"] == "credential-revoked"


def _soon(true: Callable[[], bool]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=10)  # the machine may be busy
    while not true():
        assert datetime.now(UTC) < deadline


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "parley.example"},
        {"Host": "127.0.0.1.parley.example"},
        {"Host": "localhost.parley.example"},
        {"Host": "192.168.0.1:8000"},
        {"Host": ""},
        {"Origin": "https://parley.example"},
        {"Origin": "http://127.0.0.1.parley.example"},
        {"Origin": "null"},
        {"X-Forwarded-For": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_an_open_service_answers_nobody_from_elsewhere(headers: dict[str, str], guarded: TestClient) -> None:
    """A page that rebinds its name, a page of another site, and a proxy come from this machine, and yet do not."""
    answer = guarded.get("/v1/negotiations", headers=headers)
    assert refused(answer) == (403, "open-to-this-machine-alone", None)
    assert guarded.get("/healthz", headers=headers).status_code == 200
    assert guarded.get("/readyz", headers=headers).json() == {"ready": True}
    told = {"negotiation": "talks", "title": "Talks", "occurred": "2025-01-02"}
    assert guarded.post("/v1/records/open-negotiation", json=told, headers=headers).status_code == 403


def test_an_open_service_answers_to_the_names_of_this_machine(guarded: TestClient) -> None:
    for host in ("127.0.0.1", "127.0.0.1:8000", "LOCALHOST:80", "[::1]:8000", "127.1.2.3"):
        answer = guarded.get("/v1/negotiations", headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code == 200, host


def test_a_page_can_send_no_command_without_asking_first(guarded: TestClient) -> None:
    """What a form can send is no command, and a browser that asks first is told of no other origin."""
    told = '{"negotiation": "slug", "title": "Talks", "occurred": "2025-01-02"}'
    json = {"Content-Type": "application/json"}
    assert guarded.post("/v1/records/open-negotiation", content=told, headers=json).status_code == 201
    writing = [
        (path, method)
        for path, operations in guarded.get("/openapi.json").json()["paths"].items()
        for method in operations
        if method != "get"
    ]
    assert writing
    for template, method in writing:
        path = template.replace("{", "").replace("}", "")
        if method == "post":
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
                answer = guarded.post(f"{path}?view=ledger", content=told, headers={"Content-Type": kind})
                assert answer.status_code == 415, (path, kind, answer.text)
        asked = guarded.options(path, headers={"Origin": HERE, "Access-Control-Request-Method": method.upper()})
        assert "access-control-allow-origin" not in asked.headers
        assert asked.status_code == 405


def test_there_is_no_way_in_beside_requests(guarded: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/v1/negotiations"):
        raise AssertionError("it was let in")


def test_a_service_at_another_address_is_never_open(address: str) -> None:
    app = application(Settings(database=address), guarded=True)
    with TestClient(app, "http://192.0.2.1:8000") as client:
        assert refused(client.get("/v1/negotiations", headers={"Host": "127.0.0.1"}))[1] == "no-identity"


def test_without_a_gate_whoever_has_the_store_may_all_and_no_file_is_made(settings: Settings, tmp_path: Path) -> None:
    with TestClient(application(settings)) as client:
        assert "head" in client.get("/readyz").json()
        assert LOCAL.may("open-negotiation", "talks")
    assert not (tmp_path / "parley.db.access").exists()
