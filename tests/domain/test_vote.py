import pytest
from pydantic import TypeAdapter, ValidationError

from domain.agreement import PartyNamedTwice
from domain.issue import Issue
from domain.proposal import Proposal
from domain.refusal import AlreadyKnown
from domain.vote import Ballot, Cast, ShareAboveTheWhole, Vote
from tests.scenario import a, empty, given

HELD = a(Vote.Held, "2025-04-30", body="Senate", outcome="defeated", in_favour="49", against="49")


def of(**facts):
    return a(Vote.Held, "2025-04-30", **{"body": "Holders of the 2030 bonds", "outcome": "carried"} | facts)


def test_a_vote_is_held_and_may_be_a_decision_without_numbers():
    given(Vote).when(HELD).then()
    given(Vote).when(of()).then()


@pytest.mark.parametrize("occurred", ["2025-04-29", "2025-04-30", "2025-05-01"])
def test_a_vote_is_held_once_at_whatever_time(occurred):
    given(Vote, HELD).when(a(Vote.Held, occurred, body="Senate", outcome="carried")).refused(AlreadyKnown, "vote")


@pytest.mark.parametrize("unit", ["percent of principal", "per cent", "% of the shares", "Percent"])
@pytest.mark.parametrize("field", ["in_favour", "against", "abstained", "threshold"])
def test_no_share_is_more_than_the_whole(unit, field):
    given(Vote).when(of(unit=unit, **{field: "100"})).then()
    given(Vote).when(of(unit=unit, **{field: "100.01"})).refused(ShareAboveTheWhole, field)
    given(Vote).when(of(**{field: "100.01"})).then()


@pytest.mark.parametrize("voted", ["in-favour", "against", "abstained"])
def test_a_party_is_named_once_however_it_voted(voted):
    ballots = (Ballot(party="north", voted="in-favour"), Ballot(party="south", voted="against"))
    given(Vote).when(of(by_party=ballots)).then()
    again = (*ballots, Ballot(party="north", voted=voted))
    given(Vote).when(of(by_party=again)).refused(PartyNamedTwice, "by_party.2")


@pytest.mark.parametrize("told", ["0", "122", "66.666667", "999999999999999999"])
def test_what_was_cast_is_decimal_text(told):
    assert TypeAdapter(Cast).validate_python(told) == told


@pytest.mark.parametrize("told", ["-1", "01", "1,000", "1e3", "NaN", "66 2/3", "0.1234567", "1" * 19, ""])
def test_what_was_cast_is_not_told_otherwise(told):
    with pytest.raises(ValidationError):
        TypeAdapter(Cast).validate_python(told)


@pytest.mark.parametrize(
    ("about", "issue"),
    [(None, None), ("issue/fish", "fish"), ("proposal/half", "coal"), ("agreement/deal", None)],
)
def test_a_vote_is_on_the_issue_that_what_was_voted_on_is_about(about, issue):
    tabled = a(Proposal.Tabled, "2025", party="north", title="-", text="-", issues=("coal",))
    streams = {"proposal": given(Proposal, tabled).aggregate, "issue": empty(Issue)}
    gathered = of(about=about).gather(lambda kind, key: streams[kind])
    assert given(Vote).when(gathered).then().issue == issue
