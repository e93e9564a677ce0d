"""People's tokens: what a right one opens, and the exact answer to each that is not."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from application.credentials import Known, digest, new_key
from infrastructure.settings import Settings
from interfaces.main import application
from interfaces.watching import Watch
from tests.interfaces.issuing import AUDIENCE, TestIssuer
from tests.interfaces.test_identity import HERE, INVALID, refused

UNKNOWN = (401, "unknown-credential", INVALID)


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    issuer = TestIssuer()
    yield issuer
    issuer.close()


@pytest.fixture
def service(issuer: TestIssuer, settings: Settings) -> Iterator[TestClient]:
    chosen = Settings(database=settings.database, oidc_issuer=issuer.address, oidc_audience=AUDIENCE)
    with TestClient(
        application(chosen, guarded=True, watch=Watch(logs=True)), HERE, raise_server_exceptions=False
    ) as client:
        grant(client, "ada", "reader:*")
        yield client


def grant(client: TestClient, subject: str, *grants: str) -> None:
    at = datetime.now(UTC).isoformat()
    client.app.state.access.set_person(Known(subject, "person", "", grants, (), at, "test"))  # type: ignore[attr-defined]


def ask(client: TestClient, token: str) -> httpx2.Response:
    return client.get("/v1/negotiations", headers={"Authorization": f"Bearer {token}"})


def part(told: Any) -> str:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_token_opens_what_its_person_may(service: TestClient, issuer: TestIssuer) -> None:
    assert ask(service, issuer.token()).status_code == 200
    assert ask(service, issuer.token(aud=["other", AUDIENCE])).status_code == 200
    stranger = issuer.token(sub="stranger")
    assert refused(ask(service, stranger), stranger)[:2] == (403, "not-permitted")
    service.app.state.access.remove_person("ada", datetime.now(UTC), "test")  # type: ignore[attr-defined]
    assert refused(ask(service, issuer.token()))[:2] == (403, "not-permitted")


def test_with_an_issuer_the_service_is_never_open(service: TestClient) -> None:
    service.app.state.access.remove_person("ada", datetime.now(UTC), "test")  # type: ignore[attr-defined]
    assert refused(service.get("/v1/negotiations"))[1] == "no-identity"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256"), "ES256"),
        (ECKey.generate_key("P-384"), "ES384"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (RSAKey.generate_key(2048), "PS256"),
    ],
    ids=["ES256", "ES384", "Ed25519", "PS256"],
)
def test_each_signature_that_only_the_issuer_can_make_counts(
    key: Any, algorithm: str, service: TestClient, issuer: TestIssuer
) -> None:
    issuer.rotate(type(key).import_key(key.as_dict(private=True) | {"kid": "other"}))
    assert ask(service, issuer.token(header={"alg": algorithm})).status_code == 200


def wrong_tokens(issuer: TestIssuer) -> dict[str, tuple[str, str]]:
    """Tokens that do not count, each with the code of its answer."""
    now = int(time.time())
    right = issuer.token()
    header, claims, signature = right.split(".")
    public = issuer.key.as_pem(private=False)  # type: ignore[union-attr]
    stranger = RSAKey.generate_key(2048, {"kid": "first"})
    none = f"{part({'alg': 'none', 'typ': 'JWT'})}.{claims}."
    confused = f"{part({'alg': 'HS256', 'kid': 'first', 'typ': 'JWT'})}.{claims}"
    deep = part(b"[" * 5000)
    return {
        "alg none": (none, "unknown-credential"),
        "alg None with a signature": (
            f"{part({'alg': 'None', 'kid': 'first'})}.{claims}.{signature}",
            "unknown-credential",
        ),
        "HS256 with the public key as its secret": (
            f"{confused}.{part(hmac.digest(public, confused.encode(), 'sha256'))}",
            "unknown-credential",
        ),
        "signed by another": (issuer.token(key=stranger), "unknown-credential"),
        "of an unknown key": (issuer.token(header={"kid": "nobodys"}), "unknown-credential"),
        "with a key of its own": (
            issuer.token(header={"jwk": stranger.as_dict(private=False), "kid": None}, key=stranger),
            "unknown-credential",
        ),
        "with the address of keys": (
            issuer.token(header={"jku": "https://parley.example/keys", "kid": "mine"}, key=stranger),
            "unknown-credential",
        ),
        "of another issuer": (issuer.token(iss="https://parley.example"), "foreign-credential"),
        "without an issuer": (issuer.token(left_out="iss"), "unknown-credential"),
        "for another service": (issuer.token(aud="other"), "foreign-credential"),
        "for nobody": (issuer.token(left_out="aud"), "unknown-credential"),
        "expired": (issuer.token(exp=now - 31), "credential-expired"),
        "not valid yet": (issuer.token(nbf=now + 60), "credential-not-yet-valid"),
        "issued in the future": (issuer.token(iat=now + 60), "credential-not-yet-valid"),
        "without an end": (issuer.token(left_out="exp"), "unknown-credential"),
        "with an end that is no time": (issuer.token(exp="tomorrow"), "unknown-credential"),
        "with a beginning that is no time": (issuer.token(nbf="yesterday"), "unknown-credential"),
        "without a subject": (issuer.token(left_out="sub"), "unknown-credential"),
        "with an empty subject": (issuer.token(sub=""), "unknown-credential"),
        "with a number as its subject": (issuer.token(sub=7), "unknown-credential"),
        "with a subject of two lines": (issuer.token(sub="ada\nboss"), "unknown-credential"),
        "for logging out": (issuer.token(header={"typ": "logout+jwt"}), "unknown-credential"),
        "in two parts": (f"{header}.{claims}", "unknown-credential"),
        "that asks for more": (
            f"{part({'alg': 'RS256', 'kid': 'first', 'crit': ['exp'], 'exp': 1})}.{claims}.{signature}",
            "unknown-credential",
        ),
        "with a changed claim": (
            f"{header}.{part({'sub': 'boss', 'iss': issuer.address, 'aud': AUDIENCE, 'exp': now + 300})}.{signature}",
            "unknown-credential",
        ),
        "without a signature": (f"{header}.{claims}.", "unknown-credential"),
        "cut off": (right[:-10], "unknown-credential"),
        "with a fourth part": (f"{right}.{signature}", "unknown-credential"),
        "of deep claims": (f"{header}.{deep}.{signature}", "unknown-credential"),
        "with a deep header": (f"{deep[:400]}.{claims}.{signature}", "unknown-credential"),
        "with a list as its header": (f"{part([])}.{claims}.{signature}", "unknown-credential"),
        "with a list as its key's name": (
            f"{part({'alg': 'RS256', 'kid': ['first']})}.{claims}.{signature}",
            "unknown-credential",
        ),
        "no token": ("...", "unknown-credential"),
        "no text": ("%00.é", "unknown-credential"),
        "too long": (issuer.token(more="x" * 8192), "unknown-credential"),
    }


def test_each_wrong_token_has_its_answer(service: TestClient, issuer: TestIssuer, capfd: Any) -> None:
    assert ask(service, issuer.token()).status_code == 200
    for what, (token, code) in wrong_tokens(issuer).items():
        for _ in range(2):  # nothing that does not count is remembered as if it did
            answer = service.get("/v1/negotiations", headers=[(b"authorization", f"Bearer {token}".encode())])  # type: ignore[list-item]
            assert refused(answer, token) == (401, code, INVALID), what
        parts = [piece for piece in token.split(".") if len(piece) > 20]
        assert not any(piece in capfd.readouterr().err for piece in parts), what


def test_clocks_may_be_off_by_half_a_minute(service: TestClient, issuer: TestIssuer) -> None:
    now = int(time.time())
    for claims in ({"exp": now - 15}, {"nbf": now + 15}, {"iat": now + 15}):
        assert ask(service, issuer.token(**claims)).status_code == 200


def test_a_token_that_was_taken_is_not_taken_after_its_end(service: TestClient, issuer: TestIssuer) -> None:
    token = issuer.token(exp=int(time.time()) - 28)
    assert ask(service, token).status_code == 200
    deadline = time.monotonic() + 5
    while ask(service, token).status_code == 200:
        assert time.monotonic() < deadline
    assert ask(service, token).json()["code"] == "credential-expired"


def test_keys_rotate_and_the_issuer_is_not_asked_for_each_wrong_token(
    service: TestClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = issuer.token()
    assert ask(service, first).status_code == 200
    assert issuer.asked == 1
    issuer.rotate(RSAKey.generate_key(2048, {"kid": "second"}))
    for _ in range(5):
        assert refused(ask(service, issuer.token())) == UNKNOWN
    assert issuer.asked == 1
    monkeypatch.setattr("infrastructure.issuer.AGAIN_SECONDS", 0.0)
    assert ask(service, issuer.token()).status_code == 200
    assert ask(service, first).status_code == 200
    assert issuer.asked == 2


def test_a_key_that_the_issuer_withdrew_counts_no_longer(
    service: TestClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a token that was verified with it."""
    first = issuer.token()
    assert ask(service, first).status_code == 200
    issuer.rotate(RSAKey.generate_key(2048, {"kid": "second"}), keep=False)
    monkeypatch.setattr("infrastructure.issuer.AGAIN_SECONDS", 0.0)
    assert ask(service, issuer.token()).status_code == 200
    assert refused(ask(service, first)) == UNKNOWN


def test_keys_are_asked_for_again_once_they_are_old(
    service: TestClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody waits for that."""
    assert ask(service, issuer.token()).status_code == 200
    monkeypatch.setattr("infrastructure.issuer.KEPT_SECONDS", 0.0)
    issuer.answers.clear()
    assert ask(service, issuer.token(more="1")).status_code == 200
    assert issuer.asked == 1
    issuer.answers.set()
    deadline = time.monotonic() + 5
    while issuer.asked < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("away", [500, 302])
def test_an_issuer_that_is_away(
    away: int, service: TestClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its keys are known no token can be verified; afterwards they are kept."""
    monkeypatch.setattr("infrastructure.issuer.AGAIN_SECONDS", 0.0)
    issuer.status = away
    answer = ask(service, issuer.token())
    assert refused(answer)[:2] == (503, "issuer-away")
    assert answer.headers["retry-after"]
    issuer.status = 200
    assert ask(service, issuer.token()).status_code == 200
    issuer.status = away
    assert refused(ask(service, issuer.token(header={"kid": "other"}))) == UNKNOWN
    assert ask(service, issuer.token(more="1")).status_code == 200


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://parley.example"}, {"jwks_uri": "http://parley.example/keys"}, {"jwks_uri": None}],
    ids=["of another", "in the clear", "nowhere"],
)
def test_an_issuer_that_is_not_to_be_relied_on(document: Any, service: TestClient, issuer: TestIssuer) -> None:
    issuer.document = document
    assert refused(ask(service, issuer.token()))[:2] == (503, "issuer-away")


def test_only_keys_for_signatures_that_are_strong_enough_are_taken(service: TestClient, issuer: TestIssuer) -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    secret = OctKey.generate_key(256, {"kid": "secret"})
    sealing = RSAKey.generate_key(2048, {"kid": "sealing", "use": "enc"})
    twice = [RSAKey.generate_key(2048, {"kid": "twice"}) for _ in range(2)]
    issuer.published += [
        *(key.as_dict(private=False) for key in (weak, sealing, *twice)),
        secret.as_dict(private=True),
        *({}, {"kty": "RSA", "kid": "broken"}, {"kty": ["RSA"]}, {"kty": "OKP", "crv": "X25519", "x": "AA"}),
        *("RSA", None, 7),
    ]  # type: ignore[list-item]
    plain = RSAKey.import_key(sealing.as_dict(private=True) | {"use": "sig"})
    for key in (weak, plain, *twice):
        assert refused(ask(service, issuer.token(key=key))) == UNKNOWN
    assert refused(ask(service, issuer.token(header={"alg": "HS256"}, key=secret))) == UNKNOWN
    assert ask(service, issuer.token()).status_code == 200
    assert refused(ask(service, issuer.token(header={"kid": None}))) == UNKNOWN, "there are several keys"


def test_an_issuer_of_one_key_need_not_name_it(service: TestClient, issuer: TestIssuer) -> None:
    assert ask(service, issuer.token(header={"kid": None})).status_code == 200


def test_a_slow_issuer_lets_nobody_else_wait(service: TestClient, issuer: TestIssuer) -> None:
    key = new_key("desk")
    at = datetime.now(UTC).isoformat()
    service.app.state.access.add_key(Known("desk", "key", digest(key), ("reader:*",), (), at, "test"))  # type: ignore[attr-defined]
    issuer.answers.clear()
    answered: list[int] = []
    slow = threading.Thread(target=lambda: answered.append(ask(service, issuer.token()).status_code))
    slow.start()
    while not issuer.waits:
        time.sleep(0.01)
    assert ask(service, key).status_code == 200
    assert ask(service, "a.b.c").status_code == 401
    assert not answered, "it still waits for the issuer"
    issuer.answers.set()
    slow.join()
    assert len(answered) == 1


def test_an_issuer_that_never_answers_is_waited_for_a_few_seconds(
    service: TestClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.issuer.PATIENCE_SECONDS", 0.2)
    issuer.answers.clear()
    assert refused(ask(service, issuer.token()))[:2] == (503, "issuer-away")
    issuer.answers.set()
