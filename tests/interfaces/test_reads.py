"""Whoever reads a restricted record is taken down, before there is an answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from application.credentials import Known, digest, new_key
from infrastructure.access import AccessStore
from infrastructure.settings import Settings
from interfaces.main import application

Ask = Callable[..., Any]


class Desk:
    def __init__(self, client: TestClient, access: AccessStore) -> None:
        self.client = client
        self.access = access
        self._keys = {
            "red": self._key("red", "recorder:* analyst:*", "red"),
            "reader": self._key("reader", "reader:*"),
            "auditor": self._key("auditor", "auditor:talks"),
            "elsewhere": self._key("elsewhere", "auditor:others"),
        }

    def _key(self, name: str, grants: str, *groups: str) -> str:
        key = new_key(name)
        self.access.add_key(
            Known(name, "key", digest(key), tuple(grants.split()), groups, datetime.now(UTC).isoformat(), "test")
        )
        return key

    def tell(self, command: str, **body: Any) -> str:
        told = {"negotiation": "talks", "occurred": "2025-01-02"} | body
        answer = self.client.post(f"/v1/records/{command}", json=told, headers=self._as("red"))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ask(self, who: str, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params or None, headers=self._as(who))

    def read_by(self, who: str, path: str, **params: Any) -> list[tuple[str, str, list[str]]]:
        """What is taken down of a read: by whom, at which address, which records."""
        before = self.ask("auditor", "/v1/reads", limit=1000).json()["items"]
        assert self.ask(who, path, **params).status_code == 200
        after = self.ask("auditor", "/v1/reads", limit=1000).json()["items"]
        return [(item["who"], item["address"], item["records"]) for item in after[len(before) :]]

    def _as(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[who]}"}


@contextmanager
def desk_on(address: str) -> Iterator[Desk]:
    settings = Settings(database=address)
    app = application(settings, guarded=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Desk(client, app.state.access)


@pytest.fixture
def desk(address: str) -> Iterator[Desk]:
    with desk_on(address) as desk:
        yield desk


def begin(desk: Desk) -> tuple[str, str]:
    """The ids of a restricted issue and of a restricted party."""
    desk.tell("open-negotiation", title="Talks")
    desk.tell("raise-issue", issue="fish", title="Fish")
    cars = desk.tell("raise-issue", issue="cars", title="Cars", restriction={"groups": ["red"]})
    source = {"source": "paper", "title": "A paper", "publisher": "P", "kind": "article"}
    paper = desk.tell("register-source", **source, restriction={"groups": ["red"]})
    return cars, paper


def test_a_read_of_a_restricted_record_is_taken_down_with_its_address(desk: Desk) -> None:
    cars, paper = begin(desk)
    position = desk.ask("red", "/v1/records").headers["parley-position"]
    within = "/v1/negotiations/talks"
    assert desk.read_by("red", within, min_position=position) == [("red", f"{within}?min_position={position}", [cars])]
    assert desk.read_by("red", f"{within}/sources") == [("red", f"{within}/sources", [paper])]
    assert desk.read_by("red", f"{within}/sources/paper") == [("red", f"{within}/sources/paper", [paper])]
    assert desk.read_by("red", "/v1/sources", kind="article") == [("red", "/v1/sources?kind=article", [paper])]
    assert desk.read_by("red", f"{within}/ledger") == []
    assert desk.read_by("red", f"/v1/records/{cars}") == [("red", f"/v1/records/{cars}", [cars])]
    assert desk.read_by("red", "/v1/records", stream="issue/cars") == [
        ("red", "/v1/records?stream=issue%2Fcars", [cars])
    ]
    assert desk.read_by("red", f"{within}/reliance", source="paper")[0][2] == sorted([cars, paper])
    assert desk.read_by("reader", within) == []
    assert desk.read_by("reader", "/v1/records") == []


def test_a_restricted_correction_is_read_with_what_it_corrects(desk: Desk) -> None:
    begin(desk)
    desk.tell("record-vote", vote="consent", body="House", outcome="carried")
    correction = desk.tell(
        "correct-record",
        record="vote/consent/carried",
        changes={"title": "Zanzibar"},
        reason="So.",
        restriction={"groups": ["red"]},
    )
    for path in ("votes/consent", "votes", "timeline?q=zanzibar"):
        ((who, _, records),) = desk.read_by("red", f"/v1/negotiations/talks/{path}")
        assert (who, records) == ("red", [correction])
        assert desk.read_by("reader", f"/v1/negotiations/talks/{path}") == []


def test_the_words_that_are_sought_are_not_kept(desk: Desk) -> None:
    """A name among them may be erased."""
    _, paper = begin(desk)
    position = desk.ask("red", "/v1/records").headers["parley-position"]
    assert desk.ask("reader", "/v1/negotiations", min_position=position).status_code == 200
    for sought, told in (({"q": "paper"}, ""), ({"q": "paper", "kind": "article"}, "?kind=article")):
        assert desk.read_by("red", "/v1/sources", **sought) == [("red", f"/v1/sources{told}", [paper])]


def test_what_is_supposed_on_restricted_records_reads_them(desk: Desk) -> None:
    cars, paper = begin(desk)
    told = {
        "command": "raise-issue",
        "negotiation": "talks",
        "issue": "coal",
        "title": "Coal",
        "occurred": "2025-01-03",
    }
    answer = desk.client.post(
        "/v1/negotiations/talks/suppose",
        params={"view": "negotiations"},
        content=json.dumps(told),
        headers=desk._as("red") | {"Content-Type": "application/x-ndjson"},
    )
    assert {issue["key"] for issue in answer.json()["issues"]} == {"fish", "cars", "coal"}
    (read,) = desk.ask("auditor", "/v1/reads").json()["items"]
    assert (read["who"], read["records"]) == ("red", sorted([cars, paper]))


def test_an_auditor_sees_all_and_is_taken_down_too(desk: Desk) -> None:
    cars, paper = begin(desk)
    assert desk.read_by("auditor", "/v1/records") == [("auditor", "/v1/records", sorted([cars, paper]))]
    assert desk.ask("elsewhere", "/v1/reads").json()["items"] == []
    assert desk.ask("auditor", "/v1/reads", negotiation="others").json()["items"] == []
    pages = desk.ask("auditor", "/v1/reads", limit=1).json()
    assert (len(pages["items"]), pages["next"]) == (1, None)
    desk.ask("auditor", "/v1/records")
    first = desk.ask("auditor", "/v1/reads", limit=1).json()
    assert [item["id"] for item in first["items"]] == [first["next"]]
    assert len(desk.ask("auditor", "/v1/reads", after=first["next"]).json()["items"]) == 1


def test_where_a_read_cannot_be_taken_down_it_is_not_answered(desk: Desk) -> None:
    cars, _ = begin(desk)
    assert desk.ask("red", f"/v1/records/{cars}").status_code == 200
    desk.access.close()
    desk.access._tries_to_write = desk.access._writes = False  # as on a replica
    refused = desk.ask("red", f"/v1/records/{cars}")
    assert (refused.status_code, refused.json()["code"]) == (503, "read-not-recorded")
    assert desk.ask("reader", "/v1/negotiations/talks/ledger").status_code == 200
