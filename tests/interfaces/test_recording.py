"""Recording over HTTP: addresses, versions, repeats, many at once, and recorders at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from application.command import all_commands
from tests.interfaces.conftest import Tell


def many(client: TestClient, *commands: dict[str, Any], **options: Any) -> httpx2.Response:
    lines = "\n".join(json.dumps({"negotiation": "talks", "occurred": "2025-01-02"} | command) for command in commands)
    headers = {"Content-Type": "application/x-ndjson"} | options.pop("headers", {})
    return client.post("/v1/records", content=lines, headers=headers, **options)


NOTE = {"command": "annotate", "note": "Noted."}
WRONG = {"command": "annotate", "note": "On what?", "about": "issue/none"}


def test_the_answer_is_the_records_address_version_and_position(tell: Tell, client: TestClient) -> None:
    answer = tell("annotate", note="Noted.")
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["position"] == 5
    record = client.get(answer.headers["location"]).json()
    assert (record["position"], record["type"], record["note"]) == (5, "Negotiation.Annotated", "Noted.")
    assert record["envelope"]["recorded_by"] == "local"


def test_a_record_is_public_from_when_its_earliest_source_was_published(tell: Tell, client: TestClient) -> None:
    tell("register-source", source="late", title="L", publisher="P", kind="article", published="2025-03-02")
    tell("register-source", source="early", title="E", publisher="P", kind="article", published="2025-03-01")
    answer = tell("annotate", note="Noted.", evidence=[{"source": "late"}, {"source": "early"}])
    record = client.get(answer.headers["location"]).json()
    assert record["envelope"]["published"] == "2025-03-01"


def test_a_source_is_no_copy_of_itself_nor_of_its_copies(tell: Tell, client: TestClient) -> None:
    for name in ("a", "b", "c"):
        tell("register-source", source=name, title="T", publisher="P", kind="article")
    for copy, of in (("b", "a"), ("c", "b")):
        assert tell("mark-source-as-copy", source=copy, of=of).status_code == 201
    for of in ("a", "b", "c"):
        problem = tell("mark-source-as-copy", source="a", of=of).json()
        assert (problem["code"], problem["errors"][0]["field"]) == ("copy-of-itself", "of")
    marked = client.get("/v1/records", params={"stream": "source/b", "type": "Source.MarkedAsCopy"}).json()["items"]
    for of in ("b", "c"):
        problem = tell("correct-record", record=marked[0]["envelope"]["id"], changes={"of": of}, reason="-").json()
        assert problem["code"] == "copy-of-itself"


@pytest.mark.parametrize(
    ("occurred", "published"), [("2025-03-02", "2025-03-02"), ("2025-03", "2025-03-01"), ("2025-03-03", "2025-03-03")]
)
def test_nothing_is_public_before_it_has_happened(
    tell: Tell, client: TestClient, occurred: str, published: str | None
) -> None:
    for day in ("2025-03-01", "2025-03-02"):
        tell("register-source", source=f"of-{day}", title="T", publisher="P", kind="article", published=day)
    evidence = [{"source": "of-2025-03-01"}, {"source": "of-2025-03-02"}]
    answer = tell("annotate", note="Told.", occurred=occurred, evidence=evidence).json()
    assert client.get(answer["address"]).json()["envelope"].get("published") == published


def test_the_same_key_and_body_gives_the_first_answer_again(tell: Tell) -> None:
    headers = {"Idempotency-Key": "one"}
    first = tell("annotate", note="Noted.", headers=headers)
    again = tell("annotate", note="Noted.", headers=headers)
    assert again.status_code == 201
    assert again.json() == first.json()


def test_the_same_key_with_another_body_is_refused(tell: Tell) -> None:
    headers = {"Idempotency-Key": "one"}
    tell("annotate", note="Noted.", headers=headers)
    answer = tell("annotate", note="Something else.", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")


def test_a_version_that_moved_is_refused(tell: Tell) -> None:
    assert tell("annotate", note="Noted.", headers={"If-Match": '"1"'}).status_code == 201
    answer = tell("annotate", note="Noted.", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version-moved")


def test_a_version_goes_with_one_command(client: TestClient, tell: Tell) -> None:
    answer = many(client, NOTE, headers={"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["code"]) == (422, "if-match-of-many")


def test_many_commands_are_recorded_together_and_can_build_on_each_other(tell: Tell, client: TestClient) -> None:
    answer = many(
        client,
        {"command": "raise-issue", "issue": "rice", "title": "Rice"},
        {"command": "settle-issue", "issue": "rice", "terms": "None is sold."},
    )
    assert answer.status_code == 201
    assert [record["version"] for record in answer.json()["records"]] == [1, 2]


def test_one_bad_line_among_many_names_its_line_and_nothing_is_stored(tell: Tell, client: TestClient) -> None:
    answer = many(client, NOTE, NOTE, WRONG, NOTE)
    assert (answer.status_code, answer.json()["line"], answer.json()["code"]) == (422, 3, "unknown")
    assert client.get("/v1/records").headers["parley-position"] == "4"
    assert tell("annotate", note="Noted.").json()["version"] == 2


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"note": 1}', '{"command": "dance"}', '{"command": "annotate", "note": 1}']
)
def test_a_line_that_cannot_be_read_names_its_line(tell: Tell, client: TestClient, line: str) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/v1/records", content=f"\n{line}\n", headers=headers)
    assert answer.json()["line"] == 2
    assert answer.status_code in {400, 422}


def test_the_faults_of_all_lines_are_told_at_once(tell: Tell, client: TestClient) -> None:
    answer = many(client, NOTE, {"command": "annotate", "note": 1}, NOTE, {"command": "dance"})
    problem = answer.json()
    assert (answer.status_code, problem["line"], problem["code"]) == (422, 2, "not-text")
    told = [(error["line"], error["field"], error["code"]) for error in problem["errors"]]
    assert told == [(2, "note", "not-text"), (4, "", "unknown-command")]
    assert problem["detail"] == "note: This is text, in quotes; amounts and shares too. Also at fault: line 4."


def test_a_sentence_tells_the_first_faults_each_with_its_field(tell: Tell) -> None:
    told = tell("annotate", note=1, occured="2025-01-02", reason=["Why?"]).json()
    assert "note: This is text, in quotes; amounts and shares too. occured: There is no such field" in told["detail"]
    assert {error["field"] for error in told["errors"]} == {"note", "occured", "reason"}


def test_no_command_at_all_is_refused(client: TestClient) -> None:
    assert many(client).json()["code"] == "no-commands"


def test_each_line_by_itself_gets_a_result_a_line(tell: Tell, client: TestClient) -> None:
    options: dict[str, Any] = {"params": {"each": "1"}, "headers": {"Idempotency-Key": "batch"}}
    answer = many(client, NOTE, WRONG, {"command": "dance"}, NOTE, **options)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [result["status"] for result in results] == [201, 422, 422, 201]
    assert results[1]["problem"]["line"] == 2
    again = many(client, NOTE, WRONG, {"command": "dance"}, NOTE, **options)
    assert again.text == answer.text


def test_the_keys_of_lines_are_no_keys_of_requests_and_blank_lines_are_none(tell: Tell, client: TestClient) -> None:
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "batch"}
    line = json.dumps(NOTE | {"negotiation": "talks", "occurred": "2025-01-02"})
    told = [
        client.post("/v1/records", params={"each": "1"}, content=blank + line, headers=headers).json()
        for blank in ("", "\n\n")
    ]
    assert [one["line"] for one in told] == [1, 3]
    assert told[0]["record"] == told[1]["record"]
    for key in ("batch/0", "batch/1"):
        assert tell("annotate", note="Other.", headers={"Idempotency-Key": key}).status_code == 201


def test_recorders_at_the_same_time_lose_nothing_and_number_without_gaps(tell: Tell, client: TestClient) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: tell("annotate", note=f"Note {n}."), range(200)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["position"] for answer in answers) == list(range(5, 205))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 202))


def test_every_command_has_an_example_of_its_own_form() -> None:
    for command in all_commands().values():
        TypeAdapter(command.body()).validate_python(command.EXAMPLE)


def test_every_command_is_an_operation_with_its_schema_and_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for name, command in all_commands().items():
        content = document["paths"][f"/v1/records/{name}"]["post"]["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        assert set(command.EXAMPLE) <= set(schema["properties"])
        assert content["examples"]["case"]["value"] == command.EXAMPLE
