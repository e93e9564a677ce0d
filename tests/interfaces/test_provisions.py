"""Provisions over HTTP: whom each binds, and what was told of one that takes effect later."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
DEAL = "/v1/negotiations/talks/agreements/deal"
NAMED = ["north", "south", "east"]


@pytest.fixture
def told(tell: Tell) -> Callable[..., dict[str, Any]]:
    """Tell of a statement of three parties what has to be taken down."""

    def send(command: str, **body: Any) -> dict[str, Any]:
        answer = tell(command, **{"agreement": "deal"} | body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    tell("add-party", party="east", name="East", kind="state")
    send("draft-agreement", title="Deal", form="statement", parties=NAMED)
    send("conclude-agreement", occurred="2025-02-01")
    return send


def quota(key: str, *binds: str, **differs: Any) -> dict[str, Any]:
    about = {"provision": key, "title": key, "kind": "quota", "text": f"The cut of {key}.", "occurred": "2025-02-01"}
    return about | ({"binds": list(binds)} if binds else {}) | differs


def test_a_provision_says_whom_it_binds_until_an_amendment_says_otherwise(
    told: Callable[..., Any], tell: Tell, read: Read
) -> None:
    told("add-provision", **quota("cut", "north", "east"))
    for occurred, binds in (("2025-03-01", {}), ("2025-04-01", {"binds": ["south"]}), ("2025-05-01", {"binds": []})):
        told("amend-provision", provision="cut", text="More.", occurred=occurred, **binds)
    found = {}
    for day in ("2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01"):
        (provision,) = read(DEAL, as_of=day)["provisions"]
        found[day] = provision["binds"]
    assert list(found.values()) == [["north", "east"], ["north", "east"], ["south"], []]
    entries = read("/v1/negotiations/talks/timeline", party="east", **{"from": "2025-02-01"})["items"]
    assert [entry["type"] for entry in entries] == ["Provision.Added"]
    refused = tell("add-provision", agreement="deal", **quota("other", "west")).json()
    assert (refused["code"], refused["errors"][0]["field"]) == ("unknown", "binds.0")
    refused = tell("amend-provision", agreement="deal", provision="cut", text="-", binds=["east", "east"]).json()
    assert (refused["code"], refused["errors"][0]["field"]) == ("party-named-twice", "binds.1")


@pytest.mark.parametrize("leaves", [
    "withdraw-from-agreement", "terminate-agreement", "expire-agreement", "reject-agreement",
])  # fmt: skip
def test_a_provision_applies_as_long_as_one_of_those_whom_it_binds_has_not_left(
    told: Callable[..., Any], read: Read, leaves: str
) -> None:
    for key, binds in {"all": [], "both": ["north", "south"], "one": ["south"], "other": ["east"]}.items():
        told("add-provision", **quota(key, *binds))
    means = {"means": "parliament"} if leaves == "reject-agreement" else {}
    told(leaves, parties=["south"], occurred="2025-03-01", **means)
    status = read(DEAL)["parties"][1]["status"]
    left = f"the agreement is {status} {'by' if means else 'for'} south since 2025-03-01"
    found = {one["key"]: (one["applies"], one["why"]) for one in read(DEAL)["provisions"]}
    assert found["one"] == (False, f"it binds nobody any more: {left}")
    assert found["both"][0]
    assert found["both"][1].endswith(f"; it no longer binds all: {left}")
    assert [found[key][0] for key in ("all", "other")] == [True, True]
    assert all("south" not in found[key][1] for key in ("all", "other"))
    assert all(one["applies"] for one in read(DEAL, as_of="2025-02-28")["provisions"])
