from itertools import permutations

import pytest
from eventsourcing.domain import OriginatorIDError, OriginatorVersionError
from msgspec.structs import replace

from domain.aggregate import stream_id
from domain.issue import Issue
from domain.model import AGGREGATE_OF_EVENT, AGGREGATE_OF_KIND, AGGREGATES, EVENT_OF_TOPIC
from domain.negotiation import Negotiation
from domain.round import Round
from tests.scenario import a, called, empty, given, placed, state

RAISED = a(Issue.Raised, "2025-04-01", title="Cars")
STEPS = [
    a(Issue.Settled, "2025-05-01", terms="Fifteen per cent"),
    a(Issue.Reopened, "2025-06-01"),
    a(Issue.Dropped, "2025-07-01"),
]


def replayed(events):
    issue = empty(Issue)
    for version, event in enumerate(events, start=1):
        placed(event, issue, version).mutate(issue)
    return issue


def test_a_stream_has_its_place_by_its_names_alone():
    assert stream_id("talks", "issue", "autos") == stream_id("talks", "issue", "autos")
    names = [("talks", "issue", "autos"), ("others", "issue", "autos"), ("talks", "round", "autos")]
    assert len({stream_id(*name) for name in [*names, ("talks", "issue", "steel")]}) == 4


@pytest.mark.parametrize(
    "told", list(permutations(STEPS)), ids=lambda told: " ".join(e.envelope.occurred for e in told)
)
def test_the_order_of_telling_does_not_matter_to_the_state(told):
    issue = replayed([RAISED, *told])
    assert [event.envelope.occurred for event in issue.history] == [e.envelope.occurred for e in [RAISED, *STEPS]]
    assert issue.status == "dropped"
    assert [issue.at(f"2025-0{month}-15").status for month in (4, 5, 6, 7)] == ["open", "settled", "open", "dropped"]


def test_of_two_records_of_one_moment_the_later_told_is_folded_last():
    settled, dropped = a(Issue.Settled, "2025-05", terms="-"), a(Issue.Dropped, "2025-05-01")
    assert given(Issue, RAISED, settled).when(dropped).then().status == "dropped"
    assert given(Issue, RAISED, dropped).when(settled).then().status == "settled"


def test_looking_at_the_past_leaves_the_present_alone():
    issue = given(Issue, RAISED, *STEPS).aggregate
    before = state(issue)
    past = issue.at("2025-05-15")
    assert (past.id, past.version, len(past.history)) == (issue.id, 4, 2)
    assert state(issue) == before


@pytest.mark.parametrize(
    ("moment", "status"), [("2025-04-30", "open"), ("2025-05", "settled"), ("2025-05-01T00:00+14:00", "settled")]
)
def test_the_state_at_a_moment_holds_what_occurred_at_that_very_moment(moment, status):
    assert given(Issue, RAISED, *STEPS).aggregate.at(moment).status == status


def test_before_everything_the_state_is_blank():
    past = given(Issue, RAISED, *STEPS).aggregate.at("1999")
    assert (past.status, past.history) == ("open", [])


@pytest.mark.parametrize("version", [0, 1, 2, 3, 4])
def test_a_rewound_aggregate_stands_as_if_the_later_records_had_never_been(version):
    told = [RAISED, STEPS[2], STEPS[0], STEPS[1]]
    issue, never = replayed(told), replayed(told[:version])
    issue.rewind(version)
    assert state(issue) == state(never)


def test_a_stream_is_loaded_with_one_fold_and_a_late_note_needs_none(monkeypatch):
    folds = []

    def counted(talks):
        folds.append(talks)

    monkeypatch.setattr(Negotiation, "blank", counted)
    talks = empty(Negotiation)
    opened = a(Negotiation.Opened, "2025-01-01", title="Talks")
    notes = [a(Negotiation.Annotated, f"2025-02-{day:02}", note="Noted.") for day in range(28, 0, -1)]
    talks.load(placed(event, talks, version) for version, event in enumerate([opened, *notes], 1))
    assert len(folds) == 2  # it was blank at first
    talks.decide(placed(a(Negotiation.Annotated, "2025-01-15", note="Late."), talks, 30))
    assert len(folds) == 2
    assert [event.envelope.occurred for event in talks.history[:3]] == ["2025-01-01", "2025-01-15", "2025-02-01"]


def test_a_record_of_another_stream_or_out_of_its_turn_is_not_replayed():
    issue = empty(Issue)
    with pytest.raises(OriginatorVersionError):
        placed(RAISED, issue, 2).mutate(issue)
    with pytest.raises(OriginatorIDError):
        placed(RAISED, empty(Round), 1).mutate(issue)
    assert state(issue) == state(empty(Issue))


def test_a_record_keeps_the_times_and_the_place_of_its_envelope():
    event = placed(RAISED, empty(Issue), 1)
    place = (event.originator_id, event.originator_version, event.timestamp)
    assert place == (event.envelope.stream, 1, event.envelope.recorded)


def test_a_record_takes_effect_when_it_says_and_else_when_it_occurred():
    envelope = RAISED.envelope
    assert envelope.takes_effect == "2025-04-01"
    assert replace(envelope, effective="2025-09").takes_effect == "2025-09"


def test_every_aggregate_has_a_kind_of_its_own_and_an_address_that_ends_with_it():
    assert len(AGGREGATE_OF_KIND) == len(AGGREGATES) == 16
    assert all(kind == aggregate.ADDRESS[-1] for kind, aggregate in AGGREGATE_OF_KIND.items())


@pytest.mark.parametrize("event", AGGREGATE_OF_EVENT, ids=called)
def test_the_log_knows_every_event_by_the_name_that_the_code_gives_it(event):
    assert event.TOPIC == event.__qualname__ == f"{AGGREGATE_OF_EVENT[event].TOPIC}.{event.__name__}"
    assert EVENT_OF_TOPIC[event.TOPIC] is event


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=called)
def test_every_aggregate_can_begin(aggregate):
    assert any(event.BEGINS for event, owner in AGGREGATE_OF_EVENT.items() if owner is aggregate)
