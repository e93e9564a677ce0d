import pytest

from domain.issue import Issue, IssueAlreadyDropped, IssueAlreadyOpen, IssueAlreadySettled, LinkedToItself
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import KEY, a, called, given

RAISED = a(Issue.Raised, "2025-04-01", title="Cars")
SETTLED = a(Issue.Settled, "2025-05-01", terms="Fifteen per cent")
DROPPED = a(Issue.Dropped, "2025-05-01")
REOPENED = a(Issue.Reopened, "2025-06-01")


def test_an_issue_comes_onto_the_agenda():
    assert given(Issue).when(RAISED).then().status == "open"


def test_an_issue_is_raised_once_at_whatever_time():
    given(Issue, RAISED).when(a(Issue.Raised, "2025-03", title="Cars")).refused(AlreadyKnown, "issue")


@pytest.mark.parametrize("event", [SETTLED, DROPPED, REOPENED], ids=called)
def test_an_issue_that_nobody_raised_is_unknown(event):
    given(Issue).when(event).refused(Unknown, "issue")


def test_a_settled_issue_is_not_settled_again():
    again = a(Issue.Settled, "2025-05-02", terms="Twelve")
    given(Issue, RAISED, SETTLED).when(again).refused(IssueAlreadySettled, "issue")


def test_a_settled_issue_can_be_dropped():
    dropped = a(Issue.Dropped, "2025-05-02")
    assert given(Issue, RAISED, SETTLED).when(dropped).then().status == "dropped"


def test_a_settlement_recorded_late_is_admitted_before_a_recorded_one():
    late = a(Issue.Settled, "2025-04-15", terms="Twelve")
    assert given(Issue, RAISED, SETTLED).when(late).then().status == "settled"


def test_a_dropped_issue_is_not_dropped_again():
    given(Issue, RAISED, DROPPED).when(a(Issue.Dropped, "2025-05-02")).refused(IssueAlreadyDropped, "issue")


def test_a_dropped_issue_can_be_settled():
    settled = a(Issue.Settled, "2025-05-02", terms="Twelve")
    assert given(Issue, RAISED, DROPPED).when(settled).then().status == "settled"


def test_an_open_issue_is_not_reopened():
    given(Issue, RAISED).when(REOPENED).refused(IssueAlreadyOpen, "issue")


@pytest.mark.parametrize("ended", [SETTLED, DROPPED], ids=called)
def test_an_issue_off_the_agenda_can_be_reopened(ended):
    assert given(Issue, RAISED, ended).when(REOPENED).then().status == "open"


def test_a_reopening_recorded_late_is_judged_at_its_time():
    given(Issue, RAISED, SETTLED).when(a(Issue.Reopened, "2025-04-15")).refused(IssueAlreadyOpen, "issue")


def test_an_issue_is_not_linked_to_itself():
    given(Issue, RAISED).when(a(Issue.Linked, "2025-05", to=KEY)).refused(LinkedToItself, "to")


def test_an_issue_is_linked_to_another():
    given(Issue, RAISED).when(a(Issue.Linked, "2025-05", to="steel", relation="traded-against")).then()


def test_another_wording_leaves_an_issue_settled():
    reworded = a(Issue.Reworded, "2025-06", title="Motor cars")
    assert given(Issue, RAISED, SETTLED).when(reworded).then().status == "settled"


def test_an_issue_is_open_once_it_is_raised_also_where_a_settlement_is_dated_before() -> None:
    raised = a(Issue.Raised, occurred="2025-05-01", title="Autos")
    given(Issue, raised, a(Issue.Settled, occurred="2025-04-01", terms="None.")).when(
        a(Issue.Settled, occurred="2025-06-01", terms="Half.")
    ).then()


def settled_for(*parties, occurred="2025-05-01"):
    return a(Issue.Settled, occurred, terms="Fifteen per cent", parties=parties)


def test_what_is_settled_for_some_can_be_settled_for_others_and_for_all():
    some = settled_for("japan", "korea")
    later = {"occurred": "2025-05-02"}
    assert given(Issue, RAISED, some).when(settled_for("taiwan", **later)).then().settled_for == {
        "japan", "korea", "taiwan",
    }  # fmt: skip
    assert given(Issue, RAISED, some).when(settled_for(**later)).then().settled_for == set()
    given(Issue, RAISED, some).when(settled_for("korea", **later)).refused(IssueAlreadySettled, "issue")
    given(Issue, RAISED, SETTLED).when(settled_for("korea", **later)).refused(IssueAlreadySettled, "issue")
    for again in (REOPENED, a(Issue.Dropped, "2025-06-01")):
        assert given(Issue, RAISED, some).when(again).then().settled_for == set()
