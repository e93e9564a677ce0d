import pytest
from msgspec.structs import replace

from domain.aggregate import as_they_stand
from domain.amendment import (
    ChangesNothing,
    Corrected,
    CorrectsAnAmendment,
    NoReasonGiven,
    NotAFieldOfTheRecord,
    NotANumber,
    RecordAlreadyRetracted,
    Retracted,
    WouldBeInvalid,
    always,
    ever,
    in_force,
)
from domain.claim import Claim
from domain.issue import Issue, IssueAlreadyOpen
from domain.refusal import Unknown
from domain.value import Text
from tests.scenario import a, empty, given, placed

RAISED = a(Issue.Raised, "2025-04-01", title="Cars")
SETTLED = a(Issue.Settled, "2025-05-01", terms="Fifteen per cent")


def nth(version, kind=Issue):
    """The id of the record with a version in the stream of a scenario."""
    return placed(RAISED, empty(kind), version).envelope.id


def because(event, reason="a slip", **envelope):
    return replace(event, envelope=replace(event.envelope, reason=reason, **envelope))


def corrected(version, changes, occurred="2025-06-01", **envelope):
    return because(a(Corrected, occurred, record=nth(version), changes=changes), **envelope)


def retracted(version, occurred="2025-06-01", **envelope):
    return because(a(Retracted, occurred, record=nth(version)), **envelope)


def after(*events):
    return given(Issue, *events).aggregate


def stored(*events):
    """The records of a stream as a log holds them, admitted or not."""
    issue = empty(Issue)
    return [placed(event, issue, version) for version, event in enumerate(events, start=1)]


def told(scenario):
    """What was refused or not; an amendment is taken down as it is told."""
    assert scenario.refusal is None, f"refused: {scenario.refusal}"
    assert scenario.recorded == scenario.told
    return scenario.aggregate


def test_a_corrected_fact_stands_in_the_place_of_the_wrong_one():
    issue = told(given(Issue, RAISED, SETTLED).when(corrected(2, {"terms": "Sixteen per cent"})))
    assert [event.terms for event in issue.history[1:]] == ["Sixteen per cent"]
    assert issue.history[1].envelope.corrections == (nth(3),)
    assert [type(event) for event in issue.records] == [Issue.Raised, Issue.Settled, Corrected]


def test_a_corrected_time_moves_the_record_to_where_it_belongs():
    issue = told(given(Issue, RAISED, SETTLED).when(corrected(2, {"occurred": "2025-07-01"})))
    assert [issue.at(moment).status for moment in ("2025-06-15", "2025-07-01")] == ["open", "settled"]


def test_a_field_that_can_be_left_out_is_left_out_by_null():
    settled = because(SETTLED, reason="as told at the table")
    issue = told(given(Issue, RAISED, settled).when(corrected(2, {"reason": None})))
    assert issue.history[1].envelope.reason is None


def test_corrections_are_applied_one_after_the_other():
    issue = after(RAISED, SETTLED, corrected(2, {"terms": "A"}), corrected(2, {"terms": "B", "occurred": "2025-05"}))
    assert (issue.history[1].terms, issue.history[1].envelope.occurred) == ("B", "2025-05")
    assert issue.history[1].envelope.corrections == (nth(3), nth(4))


def test_a_retracted_record_is_as_if_it_had_never_been_told():
    issue = told(given(Issue, RAISED, SETTLED).when(retracted(2)))
    assert (issue.status, len(issue.history), len(issue.records)) == ("open", 1, 3)


def test_a_retracted_correction_leaves_the_record_as_it_was_told():
    issue = told(given(Issue, RAISED, SETTLED, corrected(2, {"terms": "A"})).when(retracted(3)))
    assert issue.history[1].terms == "Fifteen per cent"
    assert issue.history[1].envelope.corrections == ()


def test_a_retraction_that_is_retracted_never_was():
    issue = told(given(Issue, RAISED, SETTLED, retracted(2)).when(retracted(3)))
    assert issue.status == "settled"


def test_a_chain_of_retractions_is_undone_from_its_end():
    issue = after(RAISED, SETTLED, retracted(2), retracted(3), retracted(4))
    assert issue.status == "open"


def test_what_is_wholly_retracted_is_unknown_until_the_retraction_is():
    scenario = given(Issue, RAISED, retracted(1))
    scenario.when(SETTLED).refused(Unknown, "issue")
    issue = told(given(Issue, RAISED, retracted(1), retracted(2)).when(SETTLED))
    assert issue.status == "settled"


def test_a_name_that_is_retracted_can_be_taken_anew():
    issue = told(given(Issue, RAISED, retracted(1)).when(a(Issue.Raised, "2025-04-02", title="Trucks")))
    assert [event.title for event in issue.history] == ["Trucks"]


@pytest.mark.parametrize(
    ("moment", "holds"), [("2025-06-30", False), ("2025-07-01", True), ("2025-07", True), ("2025-07-01T00:00Z", True)]
)
def test_a_correction_holds_from_when_it_takes_effect(moment, holds):
    assert corrected(2, {"terms": "Sixteen per cent"}, effective="2025-07-01").holds_at(moment) is holds
    assert corrected(2, {"terms": "Sixteen per cent"}).holds_at(moment)


def test_what_holds_from_a_date_is_not_what_was_always_so():
    records = after(RAISED, SETTLED, corrected(2, {"terms": "Sixteen per cent"}, effective="2025-07-01")).records
    assert [in_force(records, holds)[1].terms for holds in (always, ever)] == ["Fifteen per cent", "Sixteen per cent"]


def test_what_is_retracted_from_a_date_is_known_and_can_be_corrected():
    issue = after(RAISED, SETTLED, retracted(2, effective="2025-07-01"))
    told(given(Issue, *[RAISED, SETTLED, retracted(2, effective="2025-07-01")]).when(corrected(2, {"terms": "A"})))
    assert [event.TOPIC for event in issue.history] == ["Issue.Raised", "Issue.Settled"]


def test_a_second_correction_is_judged_without_the_first():
    first = corrected(2, {"terms": "Sixteen per cent"}, effective="2025-05-01")
    told(given(Issue, RAISED, SETTLED, first).when(corrected(2, {"terms": "Seventeen per cent"})))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_change(number):
    changes = {"evidence": [{"source": "paper", "locator": number}]}
    given(Issue, RAISED).when(corrected(1, changes)).refused(NotANumber, "changes.evidence")


def test_a_state_in_the_past_leaves_out_what_held_later():
    issue = after(RAISED, SETTLED, retracted(2, effective="2025-07-01"))
    assert [issue.at(moment).status for moment in ("2025-06-30", "2025-07-01")] == ["settled", "open"]


@pytest.mark.parametrize("amendment", [corrected(1, {"title": "-"}), retracted(1)])
def test_an_amendment_says_why(amendment):
    bare = replace(amendment, envelope=replace(amendment.envelope, reason=None))
    given(Issue, RAISED).when(bare).refused(NoReasonGiven, "reason")


def test_what_is_retracted_is_neither_corrected_nor_retracted_again():
    given(Issue, RAISED, SETTLED, retracted(2)).when(corrected(2, {"terms": "-"})).refused(
        RecordAlreadyRetracted, "record"
    )
    given(Issue, RAISED, SETTLED, retracted(2)).when(retracted(2)).refused(RecordAlreadyRetracted, "record")


def test_an_amendment_is_not_corrected():
    given(Issue, RAISED, corrected(1, {"title": "A"})).when(corrected(2, {"reason": "B"})).refused(
        CorrectsAnAmendment, "record"
    )


@pytest.mark.parametrize("name", ["colour", "envelope", "id", "recorded", "negotiation", "corrections", "version"])
def test_a_correction_changes_what_was_told_and_nothing_else(name):
    given(Issue, RAISED).when(corrected(1, {name: "-"})).refused(NotAFieldOfTheRecord, f"changes.{name}")


def test_a_fact_that_no_command_tells_is_not_corrected():
    made = a(Claim.Made, "2025", kind="position", claimant="japan", subject="issue/cars", value=Text(text="-"))
    withdrawn = a(Claim.Withdrawn, "2025-05")
    wrong = because(a(Corrected, "2025-06", record=nth(2, Claim), changes={"claimant": "us"}))
    given(Claim, made, withdrawn).when(wrong).refused(NotAFieldOfTheRecord, "changes.claimant")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": 5}, "changes.title"),
        ({"title": ""}, "changes.title"),
        ({"title": None}, "changes.title"),
        ({"occurred": "2025-02-30"}, "changes.occurred"),
        ({"evidence": [{"locator": "p. 1"}]}, "changes.evidence.0.source"),
    ],
)
def test_a_record_as_corrected_has_the_form_of_a_record(changes, field):
    given(Issue, RAISED).when(corrected(1, changes)).refused(WouldBeInvalid, field)


def test_a_record_as_corrected_is_possible_where_it_stands():
    reopened = a(Issue.Reopened, "2025-06-01")
    given(Issue, RAISED, SETTLED, reopened).when(corrected(3, {"occurred": "2025-04-15"})).refused(
        IssueAlreadyOpen, "issue"
    )


def test_a_correction_is_judged_on_what_was_there_when_the_record_was_told():
    late = a(Issue.Dropped, "2025-06-01")
    told(given(Issue, RAISED, SETTLED, late).when(corrected(2, {"occurred": "2025-05-02"})))


def test_a_correction_changes_something():
    given(Issue, RAISED).when(corrected(1, {"title": "Cars"})).refused(ChangesNothing, "changes")


def test_what_a_correction_makes_impossible_stands_with_its_doubt():
    records = stored(RAISED, SETTLED, a(Issue.Reopened, "2025-05-15"), retracted(2))
    doubts = {type(event).TOPIC: event.envelope.doubts for event in as_they_stand(Issue, records, set())}
    assert doubts == {
        "Issue.Raised": (),
        "Issue.Reopened": ("it: Only an issue that is settled or dropped can be reopened.",),
        "Record.Retracted": (),
    }


def test_what_has_lost_its_beginning_is_doubted():
    standing = as_they_stand(Issue, stored(RAISED, SETTLED, retracted(1)), set())
    assert [bool(event.envelope.doubts) for event in standing] == [True, False]
