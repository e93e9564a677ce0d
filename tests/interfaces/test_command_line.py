"""The command line, within one process: each command on a store of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import httpx2
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from interfaces import recording
from interfaces.cli import app
from interfaces.show import table
from tests.ports import free_port

CASE = Path(__file__).parent.parent / "cases" / "japan-us-2025.ndjson"
LINES = len(CASE.read_text().splitlines())


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARLEY_DATABASE", f"sqlite:///{tmp_path}/parley.db")
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "parley.db"


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def recorded() -> None:
    result = parley("record", str(CASE))
    assert result.exit_code == 0, result.output
    assert f"{LINES} records stand in the log." in result.output


def test_recording_a_file_again_changes_nothing(recorded: None) -> None:
    assert f"{LINES} records stand in the log." in parley("record", str(CASE)).output
    assert len(parley("export").stdout.splitlines()) == LINES


def test_a_refused_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "wrong.ndjson"
    file.write_text("\n" + CASE.read_text().splitlines()[0] + '\n\n{"command": "dance"}\n')
    result = parley("record", str(file))
    assert result.exit_code == 1
    assert "line 4" in result.output


def test_a_file_that_cannot_be_taken_at_all_is_not_told_by_its_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MANY_MAX_BYTES", 10)
    result = parley("record", str(CASE))
    assert result.exit_code == 1
    assert "line" not in result.output.partition("MiB")[0]


@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_there_is_not_is_refused(port: str) -> None:
    assert parley("serve", "--port", port).exit_code == 2


def test_a_file_without_commands_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.ndjson"
    file.write_text("\n")
    assert parley("record", str(file)).exit_code == 1


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("negotiations", "japan-us-2025"),
        ("positions", "profit-split"),
        ("timeline", "Session"),
        ("ledger", "unknown"),
        ("rounds", "round/3"),
        ("agreements", "memorandum"),
        ("tranches", "first-batch"),
        ("deadlines", "tariff-pause"),
        ("sources", "published"),
        ("contradictions", "osaka"),
        ("flags", "weekday"),
    ],
)
def test_every_view_is_shown_as_a_table_and_as_json(recorded: None, view: str, shown: str) -> None:
    table = parley("show", view, "japan-us-2025")
    assert table.exit_code == 0, table.output
    assert shown in table.stdout
    assert "\x1b" not in table.stdout
    assert json.loads(parley("show", view, "japan-us-2025", "--json").stdout)


def test_a_round_is_shown_as_held_once_it_was(recorded: None, tmp_path: Path) -> None:
    file = tmp_path / "round.ndjson"
    told = {"negotiation": "japan-us-2025", "round": "99", "occurred": "2025-03-01"}
    commands = ({"command": "schedule-round", "planned_start": "2025-03-18"}, {"command": "cancel-round"})
    file.write_text("".join(json.dumps(command | told) + "\n" for command in commands))
    assert parley("record", str(file)).exit_code == 0
    row = next(line for line in parley("show", "rounds", "japan-us-2025").stdout.splitlines() if "round/99" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["cancelled", "2025-03-18", ""]


def test_an_agreement_is_shown_with_the_pairs_between_which_it_is_suspended(recorded: None, tmp_path: Path) -> None:
    file = tmp_path / "pact.ndjson"
    told = {"negotiation": "japan-us-2025", "agreement": "pact", "occurred": "2025-03-01", "parties": ["japan"]}
    both = {"parties": ["japan", "united-states"]}
    commands = (
        told | both | {"command": "draft-agreement", "title": "Pact", "form": "treaty"},
        told | both | {"command": "bring-into-force"},
        told | {"command": "suspend-agreement", "toward": ["united-states"]},
    )
    file.write_text("".join(json.dumps(command) + "\n" for command in commands))
    assert parley("record", str(file)).exit_code == 0
    vote = {"vote": "v", "body": "The Diet", "outcome": "carried", "about": "agreement/pact", "occurred": "2025-03-02"}
    more = (
        told | {"command": "withdraw-from-agreement", "effective": "2999-01-01"},
        vote | {"command": "record-vote", "negotiation": "japan-us-2025"},
    )
    file.write_text("".join(json.dumps(command) + "\n" for command in more))
    assert parley("record", str(file)).exit_code == 0
    shown = parley("show", "agreements", "japan-us-2025").stdout
    for line in ("japan and united-states: suspended", "japan: withdrawn from 2999-01-01", "The Diet: carried"):
        assert line in shown


def shown_on_top(tmp_path: Path, view: str, *commands: dict[str, object]) -> str:
    """A view of the case with some commands on top, its lines without the frame."""
    file = tmp_path / "on-top.ndjson"
    told = {"negotiation": "japan-us-2025", "occurred": "2026-06-01"}
    file.write_text("".join(json.dumps(told | command) + "\n" for command in commands))
    shown = parley("show", view, "japan-us-2025", "--suppose", str(file), "--as-of", "2026-07-01")
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_a_proposal_is_shown_with_who_answered_what_and_whose_answer_is_awaited(recorded: None, tmp_path: Path) -> None:
    tabled = {"command": "table-proposal", "title": "Plan", "text": "-"}
    answer = {"command": "answer-proposal", "proposal": "plan", "party": "united-states"}
    shown = shown_on_top(
        tmp_path,
        "rounds",
        tabled | {"proposal": "plan", "party": "japan", "to": ["united-states", "jbic"]},
        tabled | {"proposal": "other", "party": "united-states"},
        answer | {"answer": "rejected"},
        answer | {"answer": "countered", "counter": "other"},
    )
    outcome = " ".join(line.split("│")[7].strip() for line in shown.splitlines() if line.startswith("│"))
    assert "to united-states, jbic united-states: countered with other jbic: awaited" in outcome
    assert "rejected" not in shown


def test_a_deadline_is_shown_with_what_others_say_of_it_now(recorded: None, tmp_path: Path) -> None:
    claim = {"command": "make-claim", "kind": "report", "claimant": "japan"}
    on = {"subject": "deadline/first-batch-funding/status"}
    shown = shown_on_top(
        tmp_path,
        "deadlines",
        claim | on | {"value": {"type": "status", "status": "met"}},
        claim | on | {"value": {"type": "status", "status": "missed"}},
        claim
        | {"kind": "reading", "subject": "deadline/section-122-end", "value": {"type": "text", "text": "Endless."}},
    )
    assert "japan on status: missed" in shown
    assert "japan on status: met" not in shown
    assert "japan: Endless." in shown


def test_an_agreement_is_shown_with_what_supersedes_it(recorded: None, tmp_path: Path) -> None:
    told = {"agreement": "exchange", "title": "Exchange", "form": "treaty", "parties": ["japan"]}
    shown = shown_on_top(tmp_path, "agreements", told | {"command": "draft-agreement", "supersedes": ["memorandum"]})
    assert "signed; exchange is told to" in " ".join(shown.replace("│", " ").split())


def test_a_view_is_shown_at_other_times(recorded: None) -> None:
    early = parley("show", "ledger", "japan-us-2025", "--as-of", "2026-02-13", "--public-at", "2026-02-13").stdout
    assert "42,500,000,000" in early
    assert "36,000,000,000" not in early
    assert "36,000,000,000" in parley("show", "ledger", "japan-us-2025", "--as-of", "2026-02-18").stdout
    japan = parley("show", "positions", "japan-us-2025", "--policy", "account:japan", "--json").stdout
    assert {item["party"] for item in json.loads(japan)} <= {"japan", "japan-industry-ministry", "jbic"}
    wrong = parley("show", "ledger", "japan-us-2025", "--as-of", "someday")
    assert wrong.exit_code == 1
    assert "as_of" in wrong.output


def test_what_may_have_come_later_than_asked_is_told_under_the_table_and_with_each_document(tmp_path: Path) -> None:
    file = tmp_path / "vague.ndjson"
    about = {"negotiation": "talks", "occurred": "2025-01-01"}
    claim = about | {"command": "make-claim", "kind": "position", "claimant": "north", "subject": "issue/fish"}
    shares = [{"type": "share", "percent": str(percent)} for percent in range(1, 13)]
    commands = [
        about | {"command": "open-negotiation", "title": "Talks"},
        about | {"command": "add-party", "party": "north", "name": "North", "kind": "state"},
        about | {"command": "raise-issue", "issue": "fish", "title": "Fish"},
        *(claim | {"occurred": "2025-03", "value": share} for share in shares),
    ]
    file.write_text("\n".join(map(json.dumps, commands)))
    assert parley("record", str(file)).exit_code == 0
    for view in ("positions", "timeline"):
        shown = " ".join(parley("show", view, "talks", "--as-of", "2025-03-10").stdout.split())
        assert "12 records may have come later than was asked, dated too vaguely: " in shown
        assert "(2025-03), and 2 more" in shown
        told = json.loads(parley("show", view, "talks", "--as-of", "2025-03-10", "--json").stdout)
        assert {len(item["times"]["may_be_later"]) for item in told} == {12}
        assert "later than was asked" not in parley("show", view, "talks", "--as-of", "2025-04-01").stdout
    (ledger,) = json.loads(parley("show", "ledger", "talks", "--json").stdout)
    assert ledger["times"]["as_of"] is None


def test_a_list_is_narrowed(recorded: None) -> None:
    narrowed = ("--party", "japan", "--issue", "profit-split", "--from", "2025-07-25", "--to", "2025-07-25")
    said = "What each side gets goes by what it puts in and what it risks."
    (line,) = json.loads(parley("show", "timeline", "japan-us-2025", *narrowed, "--q", "position", "--json").stdout)
    assert line["title"].endswith(f"made by japan (position on issue/profit-split: {said})")
    assert parley("show", "ledger", "japan-us-2025", "--party", "japan").exit_code == 1


def test_agreements_show_whom_provisions_bind_and_of_one_party_those_that_bind_it_or_nobody(tmp_path: Path) -> None:
    file = tmp_path / "cuts.ndjson"
    about = {"negotiation": "talks", "occurred": "2025-01-01"}
    cut = about | {"command": "add-provision", "agreement": "deal", "kind": "quota", "title": "Cut"}
    parties = ["north", "south"]
    commands = [
        about | {"command": "open-negotiation", "title": "Talks"},
        *(about | {"command": "add-party", "party": party, "name": party, "kind": "state"} for party in parties),
        about | {"command": "draft-agreement", "agreement": "deal", "title": "D", "form": "law", "parties": parties},
        *(cut | {"provision": f"cut-{n}", "text": f"Of {n}.", "binds": [who]} for n, who in enumerate(parties)),
        cut | {"provision": "all", "text": "Of all."},
    ]
    file.write_text("\n".join(map(json.dumps, commands)))
    assert parley("record", str(file)).exit_code == 0
    shown = parley("show", "agreements", "talks").stdout
    assert "cut-0: Of 0. (binds north)" in shown
    assert "cut-1: Of 1. (binds south)" in shown
    shown = parley("show", "agreements", "talks", "--party", "south").stdout
    assert "cut-0" not in shown
    assert "cut-1: Of 1. (binds south)" in shown
    assert "all: Of all." in shown
    (told,) = json.loads(parley("show", "agreements", "talks", "--party", "south", "--json").stdout)
    assert [one["binds"] for one in told["provisions"]] == [["north"], ["south"], []]


def test_tariffs_and_deadlines_are_shown_on_a_day(recorded: None) -> None:
    shown = parley("show", "tariffs", "japan-us-2025", "--product", "beef", "--as-of", "2026-02-25").stdout
    assert "36.4 %" in shown
    assert "26.4 % mfn, plus 10 % section-122" in shown
    assert "█" in shown
    everything = json.loads(parley("show", "tariffs", "japan-us-2025", "--as-of", "2025-10-01", "--json").stdout)
    assert [item["product"] for item in everything] == ["aircraft", "beef", "cars", None]
    assert "newspaper-one: 2026-04-03" in parley("show", "deadlines", "japan-us-2025", "--as-of", "2026-04-22").stdout
    for wrong in (["tariffs", "japan-us-2025", "--policy", "findings"], ["ledger", "japan-us-2025", "--product", "x"]):
        assert parley("show", *wrong).exit_code == 1


def test_a_cap_is_shown_by_the_year_with_what_is_over(recorded: None, tmp_path: Path) -> None:
    about = {"negotiation": "japan-us-2025", "occurred": "2026-06-01", "tranche": "first-batch"}
    cap = {"type": "cap", "on": "called", "amount": {"amount": "20", "currency": "USD", "per": "year"}}
    provision = {"agreement": "memorandum", "provision": "cap", "title": "Cap", "kind": "investment", "text": "-"}
    commands = [
        {"command": "add-provision", **about, **provision, "value": cap},
        {"command": "call-capital", **about, "amount": {"amount": "20.50", "currency": "USD"}},
    ]
    del commands[0]["tranche"]
    file = tmp_path / "cap.ndjson"
    file.write_text("\n".join(map(json.dumps, commands)))
    shown = parley("show", "ledger", "japan-us-2025", "--suppose", str(file)).stdout
    assert "called 2026" in shown
    assert "USD 0.50 over of memorandum/cap" in shown
    assert "▶" in shown


def test_a_position_is_shown_with_since_when_it_stands_and_when_it_was_last_told(
    recorded: None, tmp_path: Path
) -> None:
    made = {
        "command": "make-claim",
        "negotiation": "japan-us-2025",
        "claimant": "japan",
        "subject": "issue/beef-tariff",
    }
    told = made | {"value": {"type": "text", "text": "All of it."}}
    days = {"position": ("2026-06-02", "2026-06-20"), "red-line": ("2026-06-03", "2026-06-21")}
    commands = [told | {"kind": kind, "occurred": day} for kind, both in days.items() for day in both]
    file = tmp_path / "again.ndjson"
    file.write_text("\n".join(map(json.dumps, commands)))
    shown = parley("show", "positions", "japan-us-2025", "--suppose", str(file), "--as-of", "2026-07-01").stdout
    assert "since 2026-06-02, again 2026-06-20" in shown
    assert "red line: All of it." in shown
    assert "since 2026-06-03, again 2026-06-21" in shown


def positions(parties: int) -> list[dict[str, object]]:
    """What each of some parties wants, the last in a red line alone."""
    value = {"type": "money", "money": {"amount": "1300000000000.5", "currency": "USD"}}
    told = {"subject": "issue/aid", "current": {"value": value, "basis": {"occurred": "2025-01-01"}}, "unordered": []}
    kinds = {f"party-{n}": "position" for n in range(1, parties)} | {f"party-{parties}": "red-line"}
    return [told | {"since": "2025-01-01", "party": party, "kind": kind} for party, kind in kinds.items()]


@pytest.mark.parametrize(("width", "most"), [(80, 2), (160, 5)])
def test_positions_stand_side_by_side_while_they_can_be_read_and_else_a_claim_a_row(width: int, most: int) -> None:
    for parties, side_by_side in ((most, True), (most + 1, False)):
        console = Console(file=StringIO(), width=width)
        console.print(table("positions", positions(parties)))
        shown = console.file.getvalue()
        assert ("issue" in shown.splitlines()[1]) is side_by_side
        assert shown.count("1,300,000,000,000.5") == parties
        assert ("red line: USD" if side_by_side else "red-line") in shown
        assert max(map(len, shown.splitlines())) <= width


def test_what_if_is_shown_and_not_recorded(recorded: None, tmp_path: Path) -> None:
    file = tmp_path / "if.ndjson"
    amount = {"amount": "1000000000", "currency": "USD"}
    told = {"command": "record-draw", "negotiation": "japan-us-2025", "occurred": "2026-06-01"}
    file.write_text(json.dumps(told | {"tranche": "first-batch", "amount": amount}))
    assert "USD 1,000,000,000" in parley("show", "ledger", "japan-us-2025", "--suppose", str(file)).stdout
    assert "USD 1,000,000,000" not in parley("show", "ledger", "japan-us-2025").stdout


def test_a_difference_is_shown_with_its_records(recorded: None) -> None:
    shown = parley("diff", "japan-us-2025", "2025-07-21", "2025-07-26", "--view", "positions")
    assert shown.exit_code == 0, shown.output
    assert "japan-briefing-2025-07-25" in shown.stdout
    as_json = parley("diff", "japan-us-2025", "2025-07-21", "2025-07-26", "--clock", "public_at", "--json").stdout
    assert json.loads(as_json)["clock"] == "public_at"
    assert parley("diff", "japan-us-2025", "2025-07-26", "2025-07-21").exit_code == 1


def test_a_difference_shows_of_whom_the_record_was_put_right_apart_from_who_moved(
    recorded: None, tmp_path: Path
) -> None:
    claims = [json.loads(line) for line in parley("export").stdout.splitlines() if '"Claim.Made"' in line]
    (made,) = [claim for claim in claims if claim["envelope"]["key"] == "japan-profits-by-contribution"]
    told = {
        "command": "correct-record",
        "negotiation": "japan-us-2025",
        "occurred": "2026-06-01",
        "reason": "Misheard.",
    }
    changes = {"value": {"type": "text", "text": "By risk alone."}}
    file = tmp_path / "correction.ndjson"
    file.write_text(
        json.dumps(told | {"record": made["envelope"]["id"], "changes": changes, "effective": "2026-06-01"})
    )
    assert parley("record", str(file)).exit_code == 0
    shown = parley("diff", "japan-us-2025", "2026-05-31", "2026-06-01", "--view", "positions").stdout
    assert "did not move: put right to" in shown
    assert "By risk alone." in shown
    assert "stands at" not in shown


def test_the_grounds_of_a_field_are_shown(recorded: None) -> None:
    field = ("agreements", "memorandum", "--field", "provisions[profit-split].text")
    shown = parley("grounds", "japan-us-2025", *field)
    assert shown.exit_code == 0, shown.output
    assert "memorandum" in shown.stdout
    assert json.loads(parley("grounds", "japan-us-2025", *field, "--json").stdout)["steps"]
    assert parley("grounds", "japan-us-2025", "agreements", "memorandum", "--field", "colour").exit_code == 1


def test_what_rests_on_a_source_is_shown_and_that_it_is_retracted(recorded: None, tmp_path: Path) -> None:
    asked = ("reliance", "japan-us-2025", "japan-briefing-2025-07-25")
    shown = parley(*asked).stdout
    assert "Claim.Made" in shown
    assert "retracted" not in shown
    sources = [json.loads(line) for line in parley("export").stdout.splitlines() if '"Source.Registered"' in line]
    (made,) = [source["envelope"]["id"] for source in sources if source["envelope"]["key"] == asked[2]]
    told = {"command": "retract-record", "negotiation": "japan-us-2025", "occurred": "2026-06-01", "reason": "Forged."}
    file = tmp_path / "retraction.ndjson"
    file.write_text(json.dumps(told | {"record": made}))
    assert parley("record", str(file)).exit_code == 0
    shown = parley(*asked).stdout
    assert "japan-briefing-2025-07-25 is retracted: Forged. (2026-06-01" in " ".join(shown.split())
    assert "Claim.Made" in shown


def test_the_list_of_negotiations_needs_no_name(recorded: None) -> None:
    assert "japan-us-2025" in parley("show", "negotiations").stdout
    assert parley("show", "ledger").exit_code == 1


def test_what_is_not_there_is_one_sentence(recorded: None) -> None:
    result = parley("show", "ledger", "nothing")
    assert result.exit_code == 1
    assert "There is no" in result.output


def test_history_shows_the_records_of_one_thing(recorded: None) -> None:
    assert "Round.Opened" in parley("history", "japan-us-2025", "round/3").stdout
    assert "2025-08-07" in parley("history", "japan-us-2025", "agreement/executive-order-14345").stdout
    assert json.loads(parley("history", "japan-us-2025", "round/3", "--json").stdout)


def test_export_can_be_narrowed_to_a_negotiation(recorded: None) -> None:
    assert parley("export", "--negotiation", "nothing").stdout == ""
    first = json.loads(parley("export", "--negotiation", "japan-us-2025").stdout.splitlines()[0])
    assert (first["position"], first["type"]) == (1, "Negotiation.Opened")


def test_rebuild_gives_the_same_documents(recorded: None, database: Path) -> None:
    before = parley("show", "positions", "japan-us-2025", "--json").stdout
    for file in database.parent.glob("parley.db.views*"):
        file.unlink()
    assert f"All views rest on {LINES} records." in parley("rebuild").output
    assert parley("show", "positions", "japan-us-2025", "--json").stdout == before


def test_rebuild_needs_a_log() -> None:
    assert parley("rebuild").exit_code == 1


@pytest.mark.parametrize("content", [b"this is no database, whatever its name says" * 100])
def test_a_log_that_cannot_be_opened_is_one_sentence(database: Path, content: bytes) -> None:
    database.write_bytes(content)
    result = parley("serve")
    assert result.exit_code == 1
    assert "cannot be opened" in result.output
    assert len(result.output.strip().split(". ")) == 1


def test_a_database_that_is_not_understood_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE", "mysql://nowhere")
    result = parley("show", "negotiations")
    assert result.exit_code == 1
    assert "PARLEY_DATABASE is sqlite:///" in result.output


def test_a_service_that_does_not_answer_is_one_sentence() -> None:
    result = parley("show", "negotiations", "--url", f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == 1
    assert "does not answer" in result.output


def test_the_demonstration_serves_and_records_the_case_and_what_was_acknowledged_survives_a_kill(
    database: Path,
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "interfaces", "demo", str(CASE), "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ, text=True
    ) as demo:
        assert demo.stdout is not None
        assert any("Five things to try" in line for line in demo.stdout)
        note = {"negotiation": "japan-us-2025", "occurred": "2026-05-02", "note": "The last."}
        assert httpx2.post(f"{url}/v1/records/annotate", json=note).json()["position"] == LINES + 1
        assert len(json.loads(parley("show", "rounds", "japan-us-2025", "--url", url, "--json").stdout)) > 8
        demo.send_signal(signal.SIGKILL)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ, text=True
    ) as again:
        assert again.stderr is not None
        assert "holds records already" in again.stderr.readline()
        for _ in range(200):
            try:
                head = httpx2.get(f"{url}/v1/records").headers["parley-position"]
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        assert head == str(LINES + 1)
        again.send_signal(signal.SIGTERM)
        again.wait(10)
