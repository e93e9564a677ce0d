"""Agreements over HTTP: how far each has come for each party, and so between each pair."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
BOTH = ["north", "south"]
FORCE, PROVISIONAL = ("bring-into-force", BOTH), ("apply-provisionally", BOTH)


@pytest.fixture
def deal(tell: Tell, read: Read) -> Callable[..., Any]:
    """Tells steps, a day after each other, each for some parties or for the whole; gives the agreement then."""
    assert tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=BOTH).status_code == 201

    def stepped(*steps: tuple[str, list[str]]) -> Any:
        for day, (command, parties) in enumerate(steps, 1):
            told = {"parties": parties} if parties else {}
            answer = tell(command, agreement="deal", occurred=f"2025-03-{day:02}", **told)
            assert answer.status_code == 201, answer.text
        return read("/v1/negotiations/talks/agreements/deal")

    return stepped


SUSPEND, RESUME, TERMINATE = (f"{step}-agreement" for step in ("suspend", "resume", "terminate"))


@pytest.mark.parametrize(("steps", "whole", "north", "south"), [
    ([FORCE], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, []), (RESUME, [])], "in-force", "in-force", "in-force"),
    ([PROVISIONAL, (SUSPEND, []), (RESUME, [])], *["applied-provisionally"] * 3),
    ([PROVISIONAL, (SUSPEND, BOTH), (RESUME, BOTH)], *["applied-provisionally"] * 3),
    ([("sign-agreement", BOTH), (SUSPEND, []), (RESUME, [])], "signed", "signed", "signed"),
    ([(RESUME, BOTH)], "drafted", "drafted", "drafted"),
    ([("announce-agreement", []), (RESUME, [])], "announced", "drafted", "drafted"),
    ([FORCE, ("withdraw-from-agreement", ["north"]), (SUSPEND, [])], "suspended", "withdrawn", "suspended"),
    ([FORCE, ("withdraw-from-agreement", ["north"]), (SUSPEND, []), (RESUME, [])],
        "differs-by-party", "withdrawn", "in-force"),
    ([FORCE, (SUSPEND, ["north"]), (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, ["north"]), (SUSPEND, []), (RESUME, [])], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, []), (RESUME, ["south"])], "differs-by-party", "suspended", "in-force"),
    ([FORCE, (TERMINATE, []), (SUSPEND, [])], "terminated", "terminated", "terminated"),
    ([FORCE, (TERMINATE, []), FORCE], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, []), (RESUME, BOTH), (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, BOTH), (RESUME, []), (SUSPEND, BOTH)], "suspended", "suspended", "suspended"),
])  # fmt: skip
def test_a_resumption_goes_on_from_where_the_suspension_found_it_and_who_has_left_is_not_touched(
    deal: Callable[..., Any], steps: list[tuple[str, list[str]]], whole: str, north: str, south: str
) -> None:
    found = deal(*steps)
    assert found["status"] == whole
    assert [standing["status"] for standing in found["parties"]] == [north, south]
    assert [pair["in_force"] for pair in found["pairs"]] == [north == south == "in-force"]


@pytest.mark.parametrize(("command", "more", "parties", "code"), [
    ("draft-agreement", {"title": "D", "form": "treaty"}, ["north", "watcher"], "observer-signs-nothing"),
    ("draft-agreement", {"title": "D", "form": "treaty"}, ["north", "north"], "party-named-twice"),
    ("ratify-agreement", {"means": "accession"}, ["watcher"], "observer-signs-nothing"),
    ("sign-agreement", {}, ["south", "north", "south"], "party-named-twice"),
    ("suspend-agreement", {}, ["south", "south"], "party-named-twice"),
])  # fmt: skip
def test_each_party_is_named_once_and_who_is_only_heard_is_none(
    deal: Callable[..., Any], tell: Tell, command: str, more: dict[str, str], parties: list[str], code: str
) -> None:
    tell("add-party", party="watcher", name="W", kind="organisation", role="observer")
    agreement = "other" if command == "draft-agreement" else "deal"
    problem = tell(command, agreement=agreement, parties=parties, **more).json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, f"parties.{len(parties) - 1}")
