"""Whatever was told of whom in whatever order: once somebody is erased, no answer and no file holds a word of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from application.fold import all_views
from infrastructure.documents import unpacked
from infrastructure.settings import Settings
from interfaces.cli import app
from interfaces.main import application
from tests.conftest import STORES
from tests.interfaces.office import Office, holds

NUMBER = count()
"""Of the examples: each has words of its own, so that all can share a store."""
DAYS = ["2025-01-02", "2025-02", "2025-03-05T10:00+09:00"]
WHO = st.sampled_from(["anna", "boris", "cesar"])
MAYBE = st.none() | WHO
STEP = st.fixed_dictionaries(
    {
        "command": st.sampled_from(
            ["make-claim"] * 3
            + ["withdraw-claim", "make-finding", "revoke-finding", "hold-session", "annotate", "correct-record"]
            + ["retract-record", "set-deadline", "register-interest", "draft-agreement", "sign-agreement"]
        ),
        "key": st.sampled_from(["a", "b"]),
        "person": MAYBE,
        "data_subject": MAYBE,
        "occurred": st.sampled_from(DAYS),
        "published": st.none() | st.just("2025-03-06"),
        "of": st.integers(0, 9),
    }
)


def body(step: dict[str, Any], word: Callable[[str], str], records: list[str]) -> dict[str, Any]:
    """What is told in a step; the words in it are of whoever it is about."""
    key, person = step["key"], step["person"] and f"Dr {word(step['person'])}"
    text = f"Of {word(step['data_subject'])}." if step["data_subject"] else "Of nobody."
    people = [{"party": "north", "person": person}]
    named = records[step["of"] % len(records)]
    facts: dict[str, dict[str, Any]] = {
        "make-claim": {
            "claim": key, "kind": "position", "claimant": "north", "subject": "issue/fish",
            "value": {"type": "text", "text": text}, "speaker": person, "evidence": [{"source": "paper", "quotation": text}],
        },
        "withdraw-claim": {"claim": key},
        "make-finding": {
            "finding": key, "prefers": "a", "over": ["b"], "policy": "p", "reasons": text, "analyst": person
        },
        "revoke-finding": {"finding": key},
        "hold-session": {"session": key, "form": "call", "participants": people, "account": text},
        "annotate": {"note": text},
        "correct-record": {"record": named, "changes": {"speaker": person}, "reason": text},
        "retract-record": {"record": named, "reason": text},
        "set-deadline": {"deadline": key, "title": text, "due": "2025-06-01"},
        "register-interest": {"tranche": key, "title": text, "amount": {"amount": "5", "currency": "USD"}},
        "draft-agreement": {"agreement": key, "title": text, "form": "memorandum", "parties": ["north"]},
        "sign-agreement": {"agreement": key, "parties": ["north"], "by": people, "note": text},
    }  # fmt: skip
    confidence = step["data_subject"] and f"Dr {word(step['data_subject'])}"
    told = facts[step["command"]] | {"data_subject": confidence, "published": step["published"]}
    return {name: value for name, value in told.items() if value is not None} | {"occurred": step["occurred"]}


def answers(office: Office, negotiation: str, words: list[str]) -> Iterator[Any]:
    n = f"/v1/negotiations/{negotiation}"
    for times in ({}, {"as_of": "2025-12-01"}, {"public_at": "2025-12-01"}, {"known_at": "2026-01-01"}):
        for view in all_views():
            path = n if view.name == "negotiations" else f"{n}/{view.name}"
            answer = office.client.get(path, params=times)
            assert answer.status_code in {200, 404}, answer.text
            yield answer.json()
    for word in words:
        for view in ("timeline", "positions", "rounds", "agreements"):
            yield office.read(f"{n}/{view}", q=word.lower())["items"]
    yield office.read(f"{n}/diff", **{"from": "2024-12-31", "to": "2025-12-01"})
    yield office.client.get(f"{n}/reliance?source=paper").text
    yield office.client.get(f"{n}/calendar").text


@pytest.fixture(scope="module", params=STORES)
def address(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> str:
    return new_store(request.param)


def documents(address: str) -> dict[Any, Any]:
    with closing(Settings(database=address).store().reader("views")) as connection:
        build = connection.value("SELECT build FROM builds WHERE serving = 1")
        rows = connection.rows(f"SELECT view, negotiation, key, packed, private FROM documents_{build}")
    return {tuple(place): (unpacked(body), unpacked(private)) for *place, body, private in rows}


def test_nothing_is_left_of_who_is_erased(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE", address)

    # Without shrinking: each attempt takes a second.
    @settings(
        max_examples=5, deadline=None, database=None, suppress_health_check=[*HealthCheck], phases=[Phase.generate]
    )
    @given(steps=st.lists(STEP, min_size=3, max_size=14), gone=st.lists(WHO, min_size=1, max_size=2, unique=True))
    def holds_for(steps: list[dict[str, Any]], gone: list[str]) -> None:
        number = next(NUMBER)
        erased_and_nothing_left(address, number, steps, gone, tmp_path / f"{number}.zip")

    holds_for()


def erased_and_nothing_left(
    address: str, number: int, steps: list[dict[str, Any]], gone: list[str], archive: Path
) -> None:
    negotiation = f"talks-{number}"

    def word(who: str) -> str:
        return f"{who.capitalize()}x{number}q"

    def parley(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    with TestClient(application(Settings(database=address)), raise_server_exceptions=False) as client:
        office = Office(client, negotiation)
        records = [office.last["id"]]
        for step in steps:
            told = {"negotiation": negotiation} | body(step, word, records)
            answer = client.post(f"/v1/records/{step['command']}", json=told)
            assert answer.status_code in {201, 409, 422}, answer.text
            records += [answer.json()["id"]] if answer.status_code == 201 else []
        list(answers(office, negotiation, []))
        before = json.dumps(office.read("/v1/records", negotiation=negotiation))
        there = [who for who in gone if f"Dr {word(who)}" in before]
        for who in there:
            parley("erase", f"Dr {word(who)}", "--reason", "Asked for.")
        served = office.read("/v1/records", negotiation=negotiation)
        words = [word(who) for who in gone]
        for answer in (served, *answers(office, negotiation, words)):
            assert not [one for one in words if one.lower() in json.dumps(answer).lower()]
        parley("audit", "write", negotiation, str(archive))
        parley("audit", "check", str(archive))
        folded = documents(address)
    assert not [one for one in words if holds(address, one.encode())]
    assert not [one for one in words if one.encode() in archive.read_bytes()]
    after = json.dumps(served["items"])
    wholly = sum(one.get("erased", False) for one in served["items"])
    for who in {"anna", "boris", "cesar"} - {*gone}:
        assert wholly or (word(who) in after) is (word(who) in before)
    parley("rebuild")
    assert documents(address) == folded
