"""A list in memory is the list in SQL: whatever it is narrowed to, sorted by and searched for."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from application.fold import view_named
from application.listing import ACROSS, WITHIN
from infrastructure.settings import Settings
from interfaces.main import application
from tests.conftest import STORES

CASE = Path(__file__).parents[1] / "cases" / "japan-us-2025.ndjson"
N = "/v1/negotiations/japan-us-2025"
LONG_AFTER = {"as_of": "2999-12-31"}


@pytest.fixture(scope="module", params=STORES)
def client(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> Iterator[TestClient]:
    with TestClient(application(Settings(database=new_store(request.param)))) as client:
        headers = {"Content-Type": "application/x-ndjson"}
        assert client.post("/v1/records", content=CASE.read_bytes(), headers=headers).status_code == 201
        client.get("/v1/negotiations", params={"min_position": len(CASE.read_text().splitlines())})
        yield client


def answered(client: TestClient, path: str, params: dict[str, Any]) -> Any:
    answer = client.get(path, params=params)
    if answer.status_code == 422:
        assert answer.json()["errors"][0]["field"] in {"party", "issue"}
        return answer.json()["detail"], None
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"]), answer.json()["next"]


WORDS = [
    "rice",
    "ric quota",
    "Akazawa",
    "TARIFF",
    "ta ri",
    "%",
    "15",
    "—",
    '"',
    "赤沢",
    "沢",
    "亮正",
    "mémo",
    "zz",
    "trump post",
]
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "party": st.sampled_from(["japan", "united-states", "desk", "nobody"]),
        "issue": st.sampled_from(["profit-split", "rice-quota", "nothing"]),
        "kind": st.integers(0, 50),
        "from": st.sampled_from(["2025", "2025-07", "2025-07-23", "2025-09-20", "2025-10-28", "2026-02-13"]),
        "to": st.sampled_from(["2026", "2026-02", "2026-02-13"]),
        "q": st.sampled_from(WORDS),
        "sort": st.sampled_from(["date", "-date", "key", "-key"]),
        "limit": st.sampled_from([1, 3, 100]),
    },
)


@given(st.sampled_from(WITHIN), QUERIES)
@settings(max_examples=150, deadline=None)
def test_within_a_negotiation(client: TestClient, view: str, query: dict[str, Any]) -> None:
    _compare(client, f"{N}/{view}", _of(view, query))


@given(st.sampled_from(ACROSS), QUERIES, st.sampled_from([None, "japan-us-2025"]))
@settings(max_examples=100, deadline=None)
def test_across_negotiations(client: TestClient, view: str, query: dict[str, Any], negotiation: str | None) -> None:
    _compare(client, f"/v1/{view}", _of(view, query) | ({"negotiation": negotiation} if negotiation else {}))


def _of(view: str, query: dict[str, Any]) -> dict[str, Any]:
    """A query with one of the kinds of its view."""
    kinds = view_named(view).kinds
    return query | {"kind": kinds[query["kind"] % len(kinds)]} if "kind" in query else query


def _compare(client: TestClient, path: str, query: dict[str, Any]) -> None:
    now = {"as_of": datetime.now(UTC).isoformat()}
    stored, following = answered(client, path, query)
    replayed, next_replayed = answered(client, path, query | now)
    assert json.dumps(replayed) == json.dumps(stored)
    assert next_replayed == following
    if following:
        again, replayed_again = (answered(client, path, query | asked | {"cursor": following}) for asked in ({}, now))
        assert again == replayed_again


def test_what_is_told_to_the_month_is_listed_on_each_of_its_days(client: TestClient) -> None:
    asked = {"from": "2025-09-30", "to": "2025-09-30", "limit": 500}
    for path in (f"{N}/timeline", f"{N}/positions"):
        _compare(client, path, asked)
    found, _ = answered(client, f"{N}/timeline", asked)
    assert {item["basis"]["occurred"] for item in found} == {"2025-09"}


@pytest.mark.parametrize("times", [{}, LONG_AFTER, {"as_of": "2025-01-01"}])
@pytest.mark.parametrize(
    ("asked", "field"),
    [({"party": "nobody"}, "party"), ({"issue": "nothing"}, "issue"), ({"policy": "account:nobody"}, "policy")],
)
def test_who_asks_about_nobody_is_not_told_that_nothing_was_said(
    client: TestClient, asked: dict[str, str], field: str, times: dict[str, str]
) -> None:
    problem = client.get(f"{N}/positions", params=asked | times).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
    assert "known are: " in problem["detail"]
    later = client.get(f"{N}/positions", params={"party": "japan"} | times)
    assert later.status_code == 200, "who is known at all can be asked about at any time"
    assert client.get("/v1/contradictions", params=asked | times).json()["items"] == []
