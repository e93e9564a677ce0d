"""The catalogue of events on the command line."""

import json

import pytest
from typer.testing import CliRunner, Result

from domain.model import EVENT_OF_TOPIC
from interfaces.cli import app


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_every_type_is_in_the_catalogue_with_what_makes_and_what_uses_it() -> None:
    entries = {entry["type"]: entry for entry in json.loads(parley("events", "--json").stdout)}
    assert entries.keys() == EVENT_OF_TOPIC.keys()
    made = entries["Claim.Made"]
    assert (made["version"], made["command"]) == (1, "make-claim")
    assert {"positions", "contradictions", "timeline"} <= {*made["views"]}
    assert "ledger" not in made["views"]
    assert {"magnitude", "weekday"} <= {*made["rules"]}
    assert "step-missing" not in made["rules"]
    assert made["schema"]["required"] == ["kind", "claimant", "subject", "value"]
    assert made["derived"] == ["issue", "represents"]
    assert entries["Record.Corrected"]["views"] == ["flags", "timeline"]


def test_the_table_holds_what_a_terminal_of_100_columns_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interfaces.events.out.width", 100)
    shown = parley("events", "Round").stdout
    assert max(map(len, shown.splitlines())) <= 100
    assert "Round.Opened" in shown
    assert "open-round" in shown
    assert "Tranche" not in shown


@pytest.mark.parametrize(("event", "told"), [("Claim.Made", "quotation?"), ("Vote.Held", "by_party?")])
def test_the_table_lists_only_what_can_be_told(monkeypatch: pytest.MonkeyPatch, event: str, told: str) -> None:
    monkeypatch.setattr("interfaces.events.out.width", 200)
    shown = parley("events", event).stdout
    assert told in shown
    assert "issue?" not in shown
    assert "represents?" not in shown


def test_a_type_that_there_is_not_is_one_sentence() -> None:
    result = parley("events", "Dance")
    assert result.exit_code == 1
    assert "There is no type of record that begins with Dance." in result.output
