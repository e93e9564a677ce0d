"""Everybody who is measured takes the load: a mark is no good where its ceiling answers with errors."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent
NEGOTIATIONS = 5


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The workloads and the contenders, with few negotiations and little time."""
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.setenv("BENCH_NEGOTIATIONS", str(NEGOTIATIONS))
    for setting, value in {"NEGOTIATIONS": NEGOTIATIONS, "SECONDS": 0.5, "RUNS": 1, "LONG": 100}.items():
        monkeypatch.setattr(import_module("workloads"), setting, value)
    return import_module("marks")


@pytest.mark.parametrize("name", ["eventsourcing on PostgreSQL", "Parley on SQLite"])
def test_whoever_keeps_records_is_written_to_read_asked_for_the_past_and_rebuilt(
    bench: Any, name: str, server: str, tmp_path: Path
) -> None:
    contender = bench.CONTENDERS[name](import_module("stores").Stores(tmp_path, server))
    contender.past = {"/positions": contender.past["/positions"]}
    bench.workloads.fill(contender)
    with contender.serve() as doors:
        found = bench.workloads.reads(contender, doors) | bench.workloads.past(contender, doors)
        found |= bench.workloads.records(contender, doors)
    assert found["read rate"][0] > 0
    assert found["read refused"] == [0]
    assert found["past /positions"][0] > 0
    assert found["record rate"][0] > 0
    assert found.get("record astray", [0]) == [0]
    assert contender.rebuild().seconds > 0


@pytest.mark.parametrize("name", ["ceiling: nothing", "ceiling: one INSERT"])
def test_a_ceiling_of_writing_refuses_nothing(bench: Any, name: str, server: str, tmp_path: Path) -> None:
    contender = bench.CONTENDERS[name](import_module("stores").Stores(tmp_path, server))
    with contender.serve() as doors:
        found = bench.workloads.records(contender, doors)
    assert found["record rate"][0] > 0
    assert found["record refused"] == [0]


def test_the_ceiling_of_reading_answers_with_2_kb(bench: Any, server: str, tmp_path: Path) -> None:
    contender = bench.CONTENDERS["ceiling: prepared 2 KB"](import_module("stores").Stores(tmp_path, server))
    with contender.serve() as doors:
        status, body = import_module("processes").answer(doors.reading, "/v1/negotiations/read-0")
        assert (status, len(body)) == (200, 2048)
        assert bench.workloads.reads(contender, doors)["read refused"] == [0]


def test_a_mark_says_whether_it_is_reached(bench: Any) -> None:
    found = {"Parley": {"record rate": [90, 110, 100]}, "ceiling": {"record rate": [200]}}
    mark = bench.Mark("", "record rate", 100, at_least=True)
    assert mark.told(found, "Parley") == "100, reached"
    assert mark._replace(bound=101).told(found, "Parley") == "100, NOT reached"
    assert mark._replace(ceiling="ceiling", bound=0.5).told(found, "Parley") == "0.5, reached"
    assert mark._replace(ceiling="nobody").told(found, "Parley") == "not measured"


def test_every_changed_byte_is_found_and_recording_is_measured_with_and_without_sealing(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs = import_module("proofs")
    for setting, value in {"CHANGES": 200, "FLIPS": 40, "PAIRS": 1, "NEGOTIATIONS": NEGOTIATIONS}.items():
        monkeypatch.setattr(proofs, setting, value)
    told = dict(proofs.changed_values(tmp_path / "values.db", 500))
    assert told["    one byte of a value changed, in so many records"].startswith("200 of 200 found")
    flipped = dict(proofs.flipped_bytes(tmp_path / "bytes.db"))
    assert flipped
    assert not any("MISSED" in line for line in flipped)
    (tmp_path / "recording").mkdir()
    assert len(dict(proofs.recording(tmp_path / "recording"))) == 5
