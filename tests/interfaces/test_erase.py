"""Erasing, on both stores: what is erased is nowhere any more, and all else is as it was."""

import base64
import json
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from infrastructure.documents import unpacked
from infrastructure.settings import Settings
from interfaces import audit_file
from interfaces.main import application
from tests.interfaces.office import Office, holds, parley

WORD = "Quillwort"
"""A word that stands in all that is to be erased."""
SPEAKER = f"Ada {WORD}"
CONFIDENCE = f"Confidence of {WORD}"


pytestmark = pytest.mark.usefixtures("chosen")


def erased(name: str, reason: str = "Asked for.") -> None:
    result = parley("erase", name, "--reason", reason)
    assert result.exit_code == 0, result.output


def keys_of(address: str) -> dict[str, bytes]:
    with closing(Settings(database=address).store().reader("log")) as connection:
        return dict(connection.rows("SELECT name, key FROM subject_keys"))


def test_a_name_is_read_until_it_is_erased(office: Office, address: str) -> None:
    record = office.claim("a", speaker=SPEAKER)
    other = office.claim("b", speaker="Bo Other")
    assert office.record(record)["speaker"] == SPEAKER
    key = keys_of(address)[SPEAKER]
    erased(SPEAKER)
    assert office.record(record)["speaker"] == "[erased]"
    assert office.record(other)["speaker"] == "Bo Other"
    (position,) = office.read("/v1/negotiations/talks/positions")["items"]
    assert [entry["speaker"] for entry in position["history"]] == ["[erased]", "Bo Other"]
    assert not office.read("/v1/negotiations/talks/positions", q=WORD)["items"]
    assert office.read("/v1/negotiations/talks/positions", q="Other")["items"]
    assert not holds(address, WORD.encode())
    assert not holds(address, key)
    assert holds(address, b"Bo Other")


def test_what_was_told_in_confidence_keeps_its_place_and_changes_nothing(office: Office, address: str) -> None:
    told = {"evidence": [{"source": "paper", "quotation": WORD}], "reason": f"By {WORD}."}
    record = office.claim("a", f"What {WORD} wants.", data_subject=CONFIDENCE, **told)
    whole = office.record(record)
    assert whole["envelope"]["data_subject"] == CONFIDENCE
    assert whole["value"]["text"] == f"What {WORD} wants."
    assert office.read("/v1/negotiations/talks/positions", q=WORD)["items"]
    erased(CONFIDENCE, "The talks are over.")
    left = office.record(record)
    assert left.keys() == {"position", "type", "erased", "envelope"}
    assert (left["type"], left["erased"]) == ("Claim.Made", True)
    assert left["envelope"].keys() == whole["envelope"].keys() - {"evidence", "reason", "data_subject"}
    assert not office.read("/v1/negotiations/talks/positions")["items"]
    line = office.timeline()[record]
    assert line["title"] == "Claim a: made [erased]"
    assert line["text"].endswith(": The talks are over.")
    assert not holds(address, WORD.encode())


def test_a_name_is_erased_however_it_is_encoded_and_spaced(office: Office, address: str) -> None:
    spelt = [
        "Jos\u00e9 Fourier",
        "Jose\u0301 Fourier",
        "Jos\u00e9  Fourier",
        "Jos\u00e9\u00a0Fourier",
        "Jos\u00e9\u200b Fourier",
    ]
    for number, speaker in enumerate(spelt):
        office.claim(f"claim-{number}", speaker=speaker)
    other = office.claim("other", speaker="Jos\u00e9 Fouriers")
    result = parley("erase", spelt[1], "--reason", "Asked for.")
    assert result.exit_code == 0, result.output
    assert "others in which the name was: 5; in talks." in result.output
    assert set(keys_of(address)) == {"Jos\u00e9 Fouriers"}
    assert office.record(other)["speaker"] == "Jos\u00e9 Fouriers"


def test_a_name_that_is_part_of_other_words_is_erased(office: Office) -> None:
    office.claim("a", speaker="Art")
    erased("Art", "Asked for under article 17 of the GDPR.")


@pytest.mark.parametrize(
    ("name", "reason", "holds_it"),
    [
        (SPEAKER, f"ada  {WORD} asked for it.", True),
        (SPEAKER, f"Ada {WORD}s asked for it.", False),
        (SPEAKER, f"Ada {WORD}氏の求め。", True),
        ("赤沢亮正", "赤沢亮正氏の求めにより。", True),
        ("赤沢亮正", "赤沢氏の求めにより。", False),
    ],
)
def test_a_reason_does_not_hold_the_name(office: Office, name: str, reason: str, holds_it: bool) -> None:
    office.claim("a", speaker=name)
    result = parley("erase", name, "--reason", reason)
    assert bool(result.exit_code) == holds_it
    assert bool(office.read("/v1/records", type="Erasure.Made")["items"]) != holds_it
    if holds_it:
        assert result.output == "--reason: The reason is kept for good: it is told without the name.\n"


def test_no_name_is_found_out_by_a_request_that_is_told_again(office: Office, address: str) -> None:
    told = {"kind": "position", "claimant": "north", "subject": "issue/fish", "value": {"type": "text", "text": "All."}}
    told |= {"negotiation": "talks", "occurred": "2025-01-02", "speaker": SPEAKER}
    headers = {"Idempotency-Key": "guess"}

    def again() -> Any:
        return office.client.post("/v1/records/make-claim", json=told, headers=headers)

    assert again().json() == again().json()
    with closing(Settings(database=address).store().reader("log")) as connection:
        digest = bytes(connection.value("SELECT digest FROM receipts"))
    erased(SPEAKER)
    assert (again().status_code, again().json()["code"]) == (422, "key-reused")
    assert not holds(address, digest)


def test_the_erasure_is_a_record_that_says_why_and_not_who(office: Office) -> None:
    whole = office.claim("a", data_subject=CONFIDENCE, speaker=CONFIDENCE)
    named = office.claim("b", speaker=CONFIDENCE)
    erased(CONFIDENCE, "Asked for.")
    (made,) = office.read("/v1/records", type="Erasure.Made")["items"]
    assert (made["records"], made["named_in"]) == ([whole], [named])
    assert made["envelope"]["reason"] == "Asked for."
    assert WORD not in json.dumps(made)
    assert "(1 records erased, and a name in 1)" in office.timeline()[made["envelope"]["id"]]["title"]


def test_no_one_can_record_an_erasure_over_http(office: Office) -> None:
    told = {"negotiation": "talks", "occurred": "2025-01-02", "erasure": "x", "reason": "Because."}
    assert office.client.post("/v1/records/record-erasure", json=told).status_code == 404
    line = json.dumps(told | {"command": "record-erasure"})
    headers = {"Content-Type": "application/x-ndjson"}
    assert office.client.post("/v1/records", content=line, headers=headers).json()["code"] == "unknown-command"


def test_a_name_that_nobody_has_is_one_sentence(office: Office) -> None:
    office.claim("a", speaker=SPEAKER)
    result = parley("erase", "Ada", "--reason", "Asked for.")
    assert result.exit_code == 1
    assert "Nobody on record has this name" in result.output
    assert parley("erase", SPEAKER, "--reason", "").exit_code == 1
    erased(SPEAKER)
    assert parley("erase", SPEAKER, "--reason", "Asked for.").exit_code == 1


def test_who_is_named_again_after_an_erasure_has_a_new_key(office: Office, address: str) -> None:
    first = office.claim("a", speaker=SPEAKER)
    before = keys_of(address)[SPEAKER]
    erased(SPEAKER)
    second = office.claim("b", speaker=SPEAKER)
    assert keys_of(address)[SPEAKER] != before
    assert [office.record(one)["speaker"] for one in (first, second)] == ["[erased]", SPEAKER]
    erased(SPEAKER)
    assert office.record(second)["speaker"] == "[erased]"


def test_an_amendment_of_a_sealed_record_is_sealed_alike(office: Office, address: str) -> None:
    record = office.claim("a", data_subject=CONFIDENCE)
    correction = office.tell("correct-record", record=record, changes={"speaker": SPEAKER}, reason=WORD)
    assert office.record(record)["envelope"]["data_subject"] == CONFIDENCE
    (position,) = office.read("/v1/negotiations/talks/positions")["items"]
    assert position["history"][0]["speaker"] == SPEAKER
    withdrawn = office.tell("withdraw-claim", claim="a", occurred="2025-01-03")
    erased(CONFIDENCE)
    for one in (record, correction, withdrawn):
        assert office.record(one)["erased"] is True
    assert office.timeline().keys() >= {record, correction, withdrawn}
    erased(SPEAKER)
    assert not holds(address, WORD.encode())


def test_a_correction_of_a_name_is_erased_with_that_name(office: Office, address: str) -> None:
    record = office.claim("a", speaker="Bo Other")
    office.tell("correct-record", record=record, changes={"speaker": SPEAKER}, reason="Misheard.")
    meeting = office.tell("hold-session", session="s", form="call", participants=[{"party": "north", "person": "Bo"}])
    people = {"participants": [{"party": "north", "person": SPEAKER, "role": "minister"}]}
    office.tell("correct-record", record=meeting, changes=people, reason="Misheard.")
    erased(SPEAKER)
    (position,) = office.read("/v1/negotiations/talks/positions")["items"]
    assert position["history"][0]["speaker"] == "[erased]"
    held = office.read("/v1/negotiations/talks/rounds/session/s")
    assert "minister" in json.dumps(held)
    assert not holds(address, WORD.encode())


def test_what_somebody_still_reads_is_not_called_erased(
    office: Office, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in ("sqlite", "postgres"):
        monkeypatch.setattr(f"infrastructure.{store}.BUSY_SECONDS", 0.3)
    office.claim("a", speaker=SPEAKER)
    office.timeline()
    with ExitStack() as reading:
        if address.startswith("sqlite:///"):
            file = address.removeprefix("sqlite:///")
            reader = reading.enter_context(closing(sqlite3.connect(file, isolation_level=None)))
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM records").fetchall()
        else:
            reader = reading.enter_context(psycopg.connect(address))
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT count(*) FROM pg_am")
        result = parley("erase", SPEAKER, "--reason", "Asked for.")
        assert result.exit_code == 1
        assert "still in" in result.output
    result = parley("erase", SPEAKER, "--reason", "Asked for.")
    assert result.exit_code == 0, result.output
    assert not holds(address, WORD.encode())


def test_what_a_retraction_took_back_stays_taken_back(office: Office) -> None:
    record = office.claim("a")
    retraction = office.tell("retract-record", record=record, reason=f"As {WORD} says.", data_subject=CONFIDENCE)
    erased(CONFIDENCE)
    assert office.record(retraction)["envelope"]["reason"] == "[erased]"
    assert not office.read("/v1/negotiations/talks/positions")["items"]


def test_an_erased_record_is_not_corrected_and_can_be_retracted(office: Office) -> None:
    record = office.claim("a", data_subject=CONFIDENCE)
    erased(CONFIDENCE)
    told = {"negotiation": "talks", "occurred": "2025-01-03", "record": record, "reason": "Misheard."}
    answer = office.client.post("/v1/records/correct-record", json=told | {"changes": {"speaker": "Bo"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "record-erased")
    office.tell("retract-record", record=record, reason="Not needed.")
    assert record not in office.timeline()
    office.claim("a", "Anew.")
    (position,) = office.read("/v1/negotiations/talks/positions")["items"]
    assert [entry["value"]["text"] for entry in position["history"]] == ["Anew."]


def test_every_time_and_every_answer_copes_with_what_was_erased(office: Office) -> None:
    record = office.claim("a", data_subject=CONFIDENCE, published="2025-01-02")
    office.claim("b", "Half.", speaker=SPEAKER, occurred="2025-01-03", published="2025-01-03")
    times = {"as_of": "2025-02-01", "public_at": "2025-02-01"}
    n = "/v1/negotiations/talks"
    assert WORD in json.dumps(office.read(f"{n}/positions", **times))
    erased(CONFIDENCE)
    erased(SPEAKER)
    key = office.read(f"{n}/positions")["items"][0]["key"]
    answers = [
        office.read(f"{n}/positions", **times),
        office.read(f"{n}/timeline", **times),
        office.read(f"{n}/timeline"),
        office.read(f"{n}/diff", **{"from": "2025-01-01", "to": "2025-02-01"}),
        office.read(f"{n}/diff", **{"from": "2025-01-01", "to": "2025-02-01", "view": "timeline"}),
        office.read(f"{n}/grounds", view="positions", key=key),
        office.read(f"{n}/reliance", source="paper"),
        office.read("/v1/records"),
        office.read("/v1/records", party="north"),
        office.read("/v1/records", stream="claim/a"),
    ]
    assert WORD not in json.dumps(answers)
    assert record in json.dumps(answers[1])
    assert record not in json.dumps(answers[8])


def test_export_history_and_audit_file_hold_what_is_left(office: Office, tmp_path: Path) -> None:
    whole = office.claim("a", data_subject=CONFIDENCE)
    office.claim("b", speaker=SPEAKER)
    erased(CONFIDENCE)
    erased(SPEAKER)
    exported = [json.loads(line) for line in parley("export").stdout.splitlines()]
    assert [one["envelope"]["id"] for one in exported if one.get("erased")] == [whole]
    assert WORD not in json.dumps(exported)
    shown = parley("history", "talks", "claim/a")
    assert shown.exit_code == 0, shown.output
    file = tmp_path / "talks.zip"
    written = parley("audit", "write", "talks", str(file))
    assert written.exit_code == 0, written.output
    checked = parley("audit", "check", str(file))
    assert checked.exit_code == 0, checked.output
    copy = Settings(database=f"sqlite:///{tmp_path}/copy.db")
    with TestClient(application(copy)) as client:
        log = client.app.state.queue._committer._log  # type: ignore[attr-defined]
        assert audit_file.AuditFile(file).load(log) == len(exported)
        assert client.get("/v1/records").json()["items"] == json.loads(json.dumps(exported))


def test_the_stored_form_never_changes(office: Office, address: str) -> None:
    office.claim("a", speaker=SPEAKER, data_subject=CONFIDENCE)
    with closing(Settings(database=address).store().reader("log")) as connection:
        states = connection.rows("SELECT position, state FROM records ORDER BY position")
        assert WORD.encode() not in b"".join(state for _, state in states)
        assert base64.b64encode(WORD.encode()) not in b"".join(state for _, state in states)
        erased(CONFIDENCE)
        erased(SPEAKER)
        after = connection.rows("SELECT position, state FROM records ORDER BY position")
    assert after[: len(states)] == states
    assert len(after) == len(states) + 2


def test_both_names_of_a_record_can_be_erased_in_either_order(office: Office) -> None:
    one, other = office.claim("a", speaker=SPEAKER, data_subject="Bo"), office.claim("b", speaker="Bo")
    erased(SPEAKER)
    assert (office.record(one)["speaker"], office.record(one)["envelope"]["data_subject"]) == ("[erased]", "Bo")
    erased("Bo")
    assert office.record(one)["erased"] is True
    assert office.record(other)["speaker"] == "[erased]"


def views(address: str) -> dict[Any, Any]:
    with closing(Settings(database=address).store().reader("views")) as connection:
        build = connection.value("SELECT build FROM builds WHERE serving = 1")
        rows = connection.rows(f"SELECT view, negotiation, key, packed, private FROM documents_{build}")
    return {tuple(place): (unpacked(body), unpacked(private)) for *place, body, private in rows}


def test_the_views_equal_a_rebuild(office: Office, address: str) -> None:
    record = office.claim("a", data_subject=CONFIDENCE)
    office.tell("correct-record", record=record, changes={"certainty": "probable"}, reason="Unsure.")
    office.claim("b", speaker=SPEAKER)
    erased(CONFIDENCE)
    erased(SPEAKER)
    office.timeline()
    before = views(address)
    assert parley("rebuild").exit_code == 0
    assert views(address) == before
