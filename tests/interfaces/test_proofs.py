"""Proofs over HTTP, checked by RFC 9162's own steps with nothing but what the service answers."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.testclient import TestClient

from infrastructure.growing import Grower
from infrastructure.note import Checkpoint, Signer, parse
from infrastructure.settings import Settings
from interfaces.main import application

SIGNER = Signer.new("talks.example/log")


@pytest.fixture
def settings(address: str, tmp_path: Path) -> Settings:
    """A service with a key, on each of the stores."""
    (tmp_path / "key").write_text(SIGNER.secret())
    return Settings(database=address, signing_key=tmp_path / "key")


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(application(settings), raise_server_exceptions=False) as client:
        told = {"negotiation": "talks", "occurred": "2025-01-02"}
        assert client.post("/v1/records/open-negotiation", json=told | {"title": "Talks"}).status_code == 201
        for n in range(9):
            assert client.post("/v1/records/annotate", json=told | {"note": f"日本 {n}"}).status_code == 201
        yield client


def seal(settings: Settings) -> str:
    with closing(Grower(settings.store())) as grower:
        grower.grow()
        sealed = grower.seal(SIGNER)
        assert sealed
        return sealed.note


def ids(client: TestClient) -> list[str]:
    return [item["envelope"]["id"] for item in client.get("/v1/records").json()["items"]]


def reached(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_record_is_proved_to_be_in_the_tree(client: TestClient, settings: Settings) -> None:
    note = seal(settings)
    for index, record in enumerate(ids(client)):
        proof: dict[str, Any] = client.get(f"/v1/proofs/inclusion/{record}").json()
        assert (proof["record"], proof["index"], proof["size"]) == (record, index, 10)
        leaf = sha256(b"\x00" + proof["leaf"].encode()).digest()
        assert leaf == b64decode(proof["hash"])
        root = reached(leaf, index, 10, list(map(b64decode, proof["path"])))
        assert proof["checkpoint"] == note
        signed = parse(note)
        SIGNER.verifier.check(signed)
        assert signed.checkpoint == Checkpoint("talks.example/log", 10, root)
        told = json.loads(proof["leaf"])
        assert told["envelope"]["id"] == record
        assert "version" not in told["envelope"]


def test_a_proof_can_be_asked_for_in_a_smaller_tree(client: TestClient) -> None:
    record = ids(client)[2]
    assert client.get(f"/v1/proofs/inclusion/{ids(client)[-1]}").json()["size"] == 10
    proof = client.get(f"/v1/proofs/inclusion/{record}", params={"size": 7}).json()
    assert (proof["size"], proof["checkpoint"], len(proof["path"])) == (7, None, 3)
    root = reached(b64decode(proof["hash"]), 2, 7, list(map(b64decode, proof["path"])))
    assert root == b64decode(proof["root"])


def test_the_tree_is_proved_to_go_on_from_an_earlier_one(client: TestClient, settings: Settings) -> None:
    note = seal(settings)
    proof = client.get("/v1/proofs/consistency", params={"from": 8, "to": 10}).json()
    assert proof["from"]["size"], proof["to"]["size"] == (8, 10)
    assert proof["to"]["checkpoint"] == note
    right = b64decode(proof["path"][0])  # 8 is a perfect tree: one more hash leads from its root to the other
    assert sha256(b"\x01" + b64decode(proof["from"]["root"]) + right).digest() == b64decode(proof["to"]["root"])
    assert client.get("/v1/proofs/consistency", params={"from": 10, "to": 10}).json()["path"] == []


def test_checkpoints_are_listed_and_the_last_is_a_note(client: TestClient, settings: Settings) -> None:
    assert problem(client.get("/v1/checkpoints/latest")) == (404, "not-found")
    first = seal(settings)
    client.post("/v1/records/annotate", json={"negotiation": "talks", "occurred": "2025-01-02", "note": "More."})
    last = seal(settings)
    answer = client.get("/v1/checkpoints/latest")
    assert answer.text == last
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert client.get("/v1/checkpoints/latest", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    page = client.get("/v1/checkpoints", params={"limit": 1}).json()
    assert [item["note"] for item in page["items"]] == [first]
    rest = client.get("/v1/checkpoints", params={"after": page["next"]}).json()
    assert [(item["size"], item["note"]) for item in rest["items"]] == [(11, last)]
    assert rest["next"] is None


def test_what_cannot_be_proved_is_said_clearly(client: TestClient) -> None:
    record = ids(client)[4]
    client.get(f"/v1/proofs/inclusion/{ids(client)[-1]}")
    assert problem(client.get(f"/v1/proofs/inclusion/{uuid4()}")) == (404, "not-found")
    assert problem(client.get("/v1/proofs/inclusion/nothing"))[0] == 404
    asked: list[tuple[str, dict[str, Any], str]] = [
        (f"inclusion/{record}", {"size": 11}, "beyond-the-tree"),
        (f"inclusion/{record}", {"size": 4}, "not-in-that-tree"),
        (f"inclusion/{record}", {"size": 0}, "greater-than-equal"),
        ("consistency", {"from": 3, "to": 2}, "to-before-from"),
        ("consistency", {"from": 3, "to": 11}, "beyond-the-tree"),
        ("consistency", {"from": 0, "to": 2}, "greater-than-equal"),
        ("consistency", {"from": 1}, "missing-parameter"),
    ]
    for path, params, code in asked:
        assert problem(client.get(f"/v1/proofs/{path}", params=params)) == (422, code)


def test_a_record_that_was_altered_has_no_proof(client: TestClient, settings: Settings) -> None:
    seal(settings)
    record = ids(client)[4]
    with closing(settings.store().writer("log")) as connection:
        connection.run("UPDATE records SET topic = 'Party.Added' WHERE position = 5")
    assert problem(client.get(f"/v1/proofs/inclusion/{record}")) == (500, "record-altered")


def test_without_a_tree_a_proof_is_to_be_asked_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/parley.db")
    with TestClient(application(settings)) as client:
        body = {"negotiation": "talks", "occurred": "2025-01-02", "title": "Talks"}
        record = client.post("/v1/records/open-negotiation", json=body).json()["id"]
    for file in tmp_path.glob("parley.db.proofs*"):
        file.unlink()
    monkeypatch.setattr("interfaces.stores.WAIT_SECONDS", 0.1)
    with TestClient(application(settings, ("reading",))) as client:
        answer = client.get(f"/v1/proofs/inclusion/{record}")
        assert problem(answer) == (503, "not-there-yet")
        assert answer.headers["retry-after"] == "1"
        with closing(Grower(settings.store())) as grower:
            assert problem(client.get(f"/v1/proofs/inclusion/{record}")) == (503, "not-there-yet")
            grower.grow()
        assert client.get(f"/v1/proofs/inclusion/{record}").json()["index"] == 0
