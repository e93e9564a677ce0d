"""For whom a record is: what narrows it, what releases it, and what is judged by whom."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from domain.amendment import Corrected, NoReasonGiven, NotRetracted, Retracted
from domain.issue import Issue
from domain.refusal import Unknown
from domain.release import (
    ForAllWhoSeeIt,
    HoldsAtOnce,
    NotNarrower,
    NotRestricted,
    OriginatorHasNotConsented,
    Released,
    Restricted,
    covers,
    either,
    restrictions,
)
from domain.restriction import Restriction
from tests.scenario import a, empty, given, placed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CABINET = Restriction(groups=("cabinet",))
BOTH = Restriction(groups=("cabinet", "treasury"))
UNTIL_MAY = Restriction(groups=("cabinet",), until="2026-05-01T00:00Z")
UNTIL_JUNE = Restriction(groups=("cabinet",), until="2026-06-01T00:00Z")
LIFTED = Restriction(groups=("cabinet",), until="2025-06-01T00:00Z")
GIVEN_BY_NORTH = Restriction(groups=("cabinet",), originator="north")
RAISED = a(Issue.Raised, "2025-04-01", title="Cars")


def under(event, restriction):
    return replace(event, envelope=replace(event.envelope, restriction=restriction))


def nth(version):
    return placed(RAISED, empty(Issue), version).envelope.id


def because(event, **envelope):
    return replace(event, envelope=replace(event.envelope, reason="so agreed", **envelope))


def restricted(version, to, **envelope):
    return because(a(Restricted, "2025-06-01", record=nth(version), to=to), **envelope)


def released(version, groups=(), consent=None, **envelope):
    return because(a(Released, "2025-06-01", record=nth(version), groups=groups, consent=consent), **envelope)


def corrected(version, **envelope):
    return because(a(Corrected, "2025-06-01", record=nth(version), changes={"title": "Vans"}), **envelope)


def told(scenario):
    assert scenario.refusal is None, f"refused: {scenario.refusal}"
    return scenario.aggregate


def standing(aggregate):
    return restrictions(aggregate.records).get(nth(1))


def test_a_record_is_told_under_a_restriction_or_restricted_later():
    assert standing(told(given(Issue).when(under(RAISED, CABINET)))) == CABINET
    later = told(given(Issue, RAISED).when(restricted(1, CABINET)))
    assert standing(later) == CABINET
    assert later.without({nth(1), nth(2)}).records == []
    assert later.without({nth(3)}) is later.without(()) is later


def test_a_restriction_says_why_and_holds_at_once():
    given(Issue, RAISED).when(a(Restricted, "2025-06-01", record=nth(1), to=CABINET)).refused(NoReasonGiven, "reason")
    given(Issue, RAISED).when(restricted(1, CABINET, effective="2025-07-01")).refused(HoldsAtOnce, "effective")


def test_all_who_see_a_record_know_for_whom_it_is():
    for told in (restricted(1, CABINET), released(1)):
        given(Issue, under(RAISED, BOTH)).when(under(told, CABINET)).refused(ForAllWhoSeeIt, "restriction")


def test_it_is_narrowed_to_fewer_and_for_as_long():
    assert standing(told(given(Issue, under(RAISED, BOTH)).when(restricted(1, CABINET)))) == CABINET
    given(Issue, under(RAISED, CABINET)).when(restricted(1, BOTH)).refused(NotNarrower, "to")
    given(Issue, under(RAISED, CABINET)).when(restricted(1, UNTIL_MAY)).refused(NotNarrower, "to")
    given(Issue, under(RAISED, UNTIL_JUNE)).when(restricted(1, UNTIL_MAY)).refused(NotNarrower, "to")
    assert standing(told(given(Issue, under(RAISED, UNTIL_MAY)).when(restricted(1, UNTIL_JUNE)))) == UNTIL_JUNE
    assert standing(told(given(Issue, under(RAISED, LIFTED)).when(restricted(1, BOTH)))) == BOTH


def test_the_originator_stays():
    narrowed = told(
        given(Issue, under(RAISED, GIVEN_BY_NORTH)).when(restricted(1, replace(CABINET, originator="south")))
    )
    assert standing(narrowed).originator == "north"
    assert standing(told(given(Issue, under(RAISED, BOTH)).when(restricted(1, GIVEN_BY_NORTH)))) == GIVEN_BY_NORTH


def test_it_is_released_to_everybody_or_to_more():
    assert standing(told(given(Issue, under(RAISED, CABINET)).when(released(1)))) is None
    assert standing(told(given(Issue, under(RAISED, CABINET)).when(released(1, ("treasury",))))) == BOTH
    given(Issue, RAISED).when(released(1)).refused(NotRestricted, "record")
    given(Issue, under(RAISED, LIFTED)).when(released(1)).refused(NotRestricted, "record")
    given(Issue, under(RAISED, CABINET), released(1)).when(released(1)).refused(NotRestricted, "record")


def test_a_release_needs_the_consent_of_the_originator():
    with pytest.raises(OriginatorHasNotConsented) as refused:
        released(1).refuse_without_consent(GIVEN_BY_NORTH, ["treasury"])
    assert refused.value.field == "consent"
    released(1).refuse_without_consent(GIVEN_BY_NORTH, ["north"])
    released(1, consent="letter").refuse_without_consent(GIVEN_BY_NORTH, [])
    released(1).refuse_without_consent(CABINET, [])


def test_what_restricts_or_releases_is_not_retracted():
    back = because(a(Retracted, "2025-06-01", record=nth(2)))
    given(Issue, RAISED, restricted(1, CABINET)).when(back).refused(NotRetracted, "record")


def test_a_record_is_judged_by_what_those_know_for_whom_it_is():
    settled = a(Issue.Settled, "2025-05-01", terms="Fifteen per cent")
    for told, field in ((settled, "issue"), (corrected(1), "record")):
        issue = given(Issue, RAISED).aggregate
        with pytest.raises(Unknown) as refused:
            issue.decide(placed(told, issue, 2), {nth(1)})
        assert refused.value.field == field
        assert issue.decide(placed(told, issue, 2), {nth(9)}) in issue.records
    issue = given(Issue, RAISED).aggregate
    assert issue.decide(placed(RAISED, issue, 2), {nth(1)}) in issue.records


def test_a_restriction_covers_another_where_its_people_can_see_that_and_will():
    assert covers(CABINET, BOTH)
    assert not covers(BOTH, CABINET)
    assert covers(UNTIL_JUNE, UNTIL_MAY)
    assert not covers(UNTIL_MAY, UNTIL_JUNE)
    assert not covers(UNTIL_MAY, CABINET)
    assert covers(CABINET, UNTIL_MAY)


def test_a_thing_that_was_begun_for_two_is_for_either():
    treasury = Restriction(groups=("treasury",), until="2026-05-01T00:00Z")
    assert either(CABINET, treasury) == replace(BOTH, until="2026-05-01T00:00Z")
    assert either(UNTIL_JUNE, treasury).until == "2026-05-01T00:00Z"
    assert either(CABINET, CABINET) == CABINET
