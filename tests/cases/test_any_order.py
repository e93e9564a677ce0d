"""The case told in any order, and day by day: what is on record in the end does not depend on it."""

import json
import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from application.command import all_commands
from application.fold import all_views
from application.registrar import Registrar, Submission
from application.replay import History
from application.supposition import SupposedStreams
from application.view import Record
from domain.moment import first_date, order
from domain.refusal import Refused
from infrastructure.settings import Settings
from interfaces.main import application

LINES = [json.loads(line) for line in Path(__file__).with_name("japan-us-2025.ndjson").read_text().splitlines()]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ORDERS = 100
State = dict[tuple[str, str], bytes]


def submission(line: dict[str, Any]) -> Submission:
    command = all_commands()[line["command"]]
    told = json.dumps({name: value for name, value in line.items() if name != "command"})
    return Submission(command, TypeAdapter(command.body()).validate_json(told, strict=True), "desk", NAMESPACE_URL)


SUBMISSIONS = [submission(line) for line in LINES]


def recorded(turns: Callable[[list[deque[int]]], deque[int]]) -> list[Record]:
    """The log after all lines were told: `turns` picks whose turn it is. Lines of one moment keep their order.

    What cannot be told yet is told again later. The same line mints the same identifiers.
    """
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for number, line in enumerate(LINES):
        waiting[order(line["occurred"])].append(number)
    minted: Iterator[UUID]
    registrar = Registrar(SupposedStreams(History([])), lambda: next(minted))
    records: list[Record] = []
    while queues := [queue for queue in waiting.values() if queue]:
        queue = turns(queues)
        minted = (uuid5(NAMESPACE_URL, f"{queue[0]}/{call}") for call in range(9))
        try:
            events = registrar.take_down([SUBMISSIONS[queue[0]]], NOW)
        except Refused:
            continue
        queue.popleft()
        records += [Record(len(records) + 1, event) for event in events]
    return records


def state(records: list[Record]) -> State:
    history = History(records)
    return {
        (view.name, key): held.body
        for view in all_views()
        for key, held in history.view(view.name).documents("2026-06-01").items()
    }


def test_in_a_hundred_shuffled_orders_the_state_is_the_same() -> None:
    expected = state(recorded(lambda queues: min(queues, key=lambda queue: queue[0])))
    orders = set()
    for seed in range(ORDERS):
        chance = random.Random(seed)
        records = recorded(chance.choice)
        orders.add(tuple(record.event.envelope.id for record in records))
        assert state(records) == expected
    assert len(orders) == ORDERS


def on_its_day(number: int, out: dict[str, str], day: str) -> dict[str, Any]:
    """A line as it is told on a day: of its sources, those cited that were out by then."""
    told = {name: value for name, value in LINES[number].items() if name != "command"}
    evidence = [entry for entry in told.pop("evidence", []) if out[entry["source"]] <= day]
    return told | ({"evidence": evidence} if evidence else {})


@pytest.fixture(scope="module")
def told_day_by_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The case as a desk takes it down: each line on the day on which it was out, or once what it names is known."""
    today = datetime(2025, 4, 1, 20, tzinfo=UTC)
    database = tmp_path_factory.mktemp("days") / "parley.db"
    days = [first_date(line.get("published") or line["occurred"]) for line in LINES]
    out = {line["source"]: day for line, day in zip(LINES, days, strict=True) if line["command"] == "register-source"}
    with TestClient(application(Settings(database=f"sqlite:///{database}"), clock=lambda: today)) as client:
        waiting = list(range(len(LINES)))
        for day in sorted(set(days)):
            today = max(today, datetime.fromisoformat(f"{day}T20:00+00:00"))
            told = -1
            while told != 0:
                before = len(waiting)
                waiting = [n for n in waiting if days[n] > day or not _admitted(client, n, on_its_day(n, out, day))]
                told = before - len(waiting)
        assert waiting == []
        yield client


def _admitted(client: TestClient, number: int, told: dict[str, Any]) -> bool:
    answer = client.post(f"/v1/records/{LINES[number]['command']}", json=told)
    assert answer.status_code == 201 or answer.json()["code"] == "unknown", answer.text
    return answer.status_code == 201


def ledger(client: TestClient, **asked: str) -> dict[str, Any]:
    answer = client.get("/v1/negotiations/japan-us-2025/ledger", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_the_desk_knew_of_the_first_batch(told_day_by_day: TestClient) -> None:
    """Question 3, by what Parley itself had taken down."""
    early, late = (ledger(told_day_by_day, known_at=day) for day in ("2026-02-13", "2026-02-18"))
    assert [money["amount"] for money in early["candidates"]["sums"]] == ["42500000000.00"]
    selected = [next(entry for entry in found["rungs"] if entry["rung"] == "selected") for found in (early, late)]
    assert [entry["known"] for entry in selected] == [False, True]
    assert [money["amount"] for money in selected[1]["sums"]] == ["36000000000.00"]


def test_what_the_desk_knew_of_the_split_of_profits(told_day_by_day: TestClient) -> None:
    """Question 4, by what Parley itself had taken down."""
    found = {}
    for day in ("2025-07-23", "2025-07-26", "2025-09-05"):
        params = {"issue": "profit-split", "known_at": day}
        items = told_day_by_day.get("/v1/negotiations/japan-us-2025/contradictions", params=params).json()["items"]
        found[day] = [(item["nature"], item["status"]) for item in items]
    assert found == {"2025-07-23": [], "2025-07-26": [("conflict", "open")], "2025-09-05": [("conflict", "settled")]}


def test_told_day_by_day_the_state_is_the_same_as_told_at_once(told_day_by_day: TestClient) -> None:
    records = recorded(lambda queues: min(queues, key=lambda queue: queue[0]))
    documents = {place: json.loads(body) for place, body in state(records).items() if place[0] == "ledger"}
    last = told_day_by_day.get("/v1/records", params={"limit": 1}).headers["parley-position"]
    found = ledger(told_day_by_day, min_position=last)
    expected = documents["ledger", "ledger"]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("product", "day", "known", "rate"),
    [
        ("beef", "2025-08-20", "2025-09-01", "41.4"),
        ("beef", "2025-08-20", "2025-09-05", "26.4"),
        ("cars", "2025-09-10", "2025-09-10", "27.5"),
        ("cars", "2025-09-17", "2025-09-17", "15"),
    ],
)
def test_what_the_desk_knew_of_the_rates(
    told_day_by_day: TestClient, product: str, day: str, known: str, rate: str
) -> None:
    """Questions 1 and 2, by what Parley itself had taken down."""
    asked = {"negotiation": "japan-us-2025", "product": product, "as_of": day, "known_at": known}
    (found,) = told_day_by_day.get("/v1/tariffs", params=asked).json()["items"]
    assert found["rate"] == rate


def test_what_the_desk_knew_of_the_time_to_fund_and_of_the_split(told_day_by_day: TestClient) -> None:
    """Questions 6 and 11, by what Parley itself had taken down."""
    within = "/v1/negotiations/japan-us-2025"
    before, after = (
        told_day_by_day.get(f"{within}/deadlines/first-batch-funding", params={"known_at": day})
        for day in ("2026-02-16", "2026-02-18")
    )
    assert before.status_code == 404
    days = [(one["claimant"], one["day"]) for one in after.json()["readings"]]
    assert days[0] == (None, "2026-04-23")
    assert ("newspaper-one", "2026-04-03") in days
    asked = {"provision": "memorandum/profit-split", "amount": "10000000000", "currency": "USD"}
    assert told_day_by_day.get(f"{within}/split", params=asked | {"known_at": "2025-09-03"}).status_code == 422
    split = told_day_by_day.get(f"{within}/split", params=asked | {"known_at": "2025-09-04"}).json()["readings"][0]
    assert [[part["amount"] for part in case["totals"]] for case in split["cases"]] == [
        ["5000000000.00", "5000000000.00"],
        ["1000000000.00", "9000000000.00"],
    ]
