import pytest

from domain.agreement import PartyNamedTwice
from domain.proposal import (
    AnswersOwnProposal,
    CounterNeedsProposal,
    Proposal,
    ProposalAlreadyWithdrawn,
    WithdrawnBeforeItWasTabled,
)
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import a, given

TABLED = a(Proposal.Tabled, "2025-05-01", party="japan", title="Zero for zero", text="No duties")
ANSWERED = a(Proposal.Answered, "2025-05-02", party="us", answer="rejected")


def test_a_party_tables_a_proposal():
    assert given(Proposal).when(TABLED).then().party == "japan"


def test_a_proposal_is_tabled_once_at_whatever_time():
    earlier = a(Proposal.Tabled, "2025-04", party="us", title="-", text="-")
    given(Proposal, TABLED).when(earlier).refused(AlreadyKnown, "proposal")


@pytest.mark.parametrize(("to", "field"), [(("us", "us"), "to.1"), (("us", "japan"), "to.1"), (("japan",), "to.0")])
def test_a_proposal_is_addressed_to_each_once_and_not_to_who_tables_it(to, field):
    addressed = a(Proposal.Tabled, "2025-05-01", party="japan", title="-", text="-", to=to)
    given(Proposal).when(addressed).refused(PartyNamedTwice, field)


def test_a_proposal_that_nobody_tabled_is_not_answered():
    given(Proposal).when(ANSWERED).refused(Unknown, "proposal")


@pytest.mark.parametrize("occurred", ["2025-04-30", "2025-05-02"])
def test_a_party_does_not_answer_its_own_proposal_at_whatever_time(occurred):
    own = a(Proposal.Answered, occurred, party="japan", answer="accepted")
    given(Proposal, TABLED).when(own).refused(AnswersOwnProposal, "party")


def test_another_party_answers_and_may_think_again():
    assert given(Proposal, TABLED).when(ANSWERED).then().party == "japan"
    given(Proposal, TABLED, ANSWERED).when(a(Proposal.Answered, "2025-05-03", party="us", answer="accepted")).then()


WITHDRAWN = a(Proposal.Withdrawn, "2025-05-04", note="The letter takes its place.")


def test_a_proposal_is_withdrawn_once():
    assert given(Proposal, TABLED).when(WITHDRAWN).then().withdrawn
    again = a(Proposal.Withdrawn, "2025-05-05")
    given(Proposal, TABLED, WITHDRAWN).when(again).refused(ProposalAlreadyWithdrawn, "proposal")


def test_a_proposal_is_not_withdrawn_before_it_was_tabled():
    given(Proposal, TABLED).when(a(Proposal.Withdrawn, "2025-04-30")).refused(WithdrawnBeforeItWasTabled, "occurred")


def test_a_counter_without_a_proposal_is_refused():
    bare = a(Proposal.Answered, "2025-05-02", party="us", answer="countered")
    given(Proposal, TABLED).when(bare).refused(CounterNeedsProposal, "counter")


@pytest.mark.parametrize("answer", ["accepted", "accepted-in-part", "rejected"])
def test_an_answer_that_is_no_counter_names_no_proposal(answer):
    with_counter = a(Proposal.Answered, "2025-05-02", party="us", answer=answer, counter="ten-for-ten")
    given(Proposal, TABLED).when(with_counter).refused(CounterNeedsProposal, "counter")


def test_a_counter_names_the_proposal_tabled_instead():
    given(Proposal, TABLED).when(
        a(Proposal.Answered, "2025-05-02", party="us", answer="countered", counter="ten-for-ten")
    ).then()
