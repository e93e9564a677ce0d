from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from domain.finding import (
    Finding,
    FindingAlreadyRevoked,
    FindingOnDifferentSubjects,
    PrefersWhatItSetsAside,
    RevokedBeforeItWasMade,
)
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import a, given

MADE = a(
    Finding.Made, "2025-08-01", prefers="text", over=("sheet", "report"), policy="text-over-report", reasons="The text."
)
RULING = {"kind": "reading", "subject": "provision/mou/profit-split", "claimants": ("japan", "us")}
REVOKED = a(Finding.Revoked, "2025-09-01")
CLAIMS = {
    "text": ("japan", "provision/mou/profit-split"),
    "sheet": ("us", "provision/mou/profit-split"),
    "report": ("japan", "provision/mou/profit-split"),
    "other": ("us", "agreement/mou"),
}


def named(kind, key):
    assert kind == "claim"
    if key == "retracted":
        return SimpleNamespace(made=None)
    claimant, subject = CLAIMS[key]
    return SimpleNamespace(made=SimpleNamespace(kind="reading", claimant=claimant, subject=subject))


def test_a_finding_is_about_what_its_claims_are_about():
    assert MADE.gather(named) == replace(MADE, **RULING)


def test_claims_about_different_things_are_not_ruled_on_together():
    with pytest.raises(FindingOnDifferentSubjects, match="reading on agreement/mou, reading on provision") as refusal:
        replace(MADE, over=("sheet", "other")).gather(named)
    assert refusal.value.field == "over"


@pytest.mark.parametrize("field", ["prefers", "over"])
def test_a_claim_of_which_only_the_withdrawal_is_left_is_not_ruled_on(field):
    named_there = {"prefers": "retracted", "over": ("sheet", "retracted")}[field]
    with pytest.raises(Unknown, match="claim retracted") as refusal:
        replace(MADE, **{field: named_there}).gather(named)
    assert refusal.value.field == field


def test_a_finding_is_made_once():
    given(Finding).when(MADE).then()
    given(Finding, MADE).when(MADE).refused(AlreadyKnown, "finding")


def test_a_claim_is_not_preferred_over_itself():
    given(Finding).when(replace(MADE, over=("sheet", "text"))).refused(PrefersWhatItSetsAside, "over")


def test_a_revocation_tells_what_is_revoked():
    finding = given(Finding, replace(MADE, **RULING)).when(REVOKED).then(replace(REVOKED, **RULING))
    assert finding.revoked


def test_a_finding_that_nobody_made_is_not_revoked():
    given(Finding).when(REVOKED).refused(Unknown, "finding")


def test_a_finding_is_not_revoked_twice_or_before_it_was_made():
    given(Finding, MADE, REVOKED).when(a(Finding.Revoked, "2025-10")).refused(FindingAlreadyRevoked, "finding")
    given(Finding, MADE).when(a(Finding.Revoked, "2025-07")).refused(RevokedBeforeItWasMade, "occurred")
