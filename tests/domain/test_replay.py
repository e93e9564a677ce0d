"""However late things are told, a stream adds up to the same state live, replayed, and folded in order of time."""

from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_OID, UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.aggregate import Aggregate
from domain.event import Derived, DomainEvent
from domain.fact import Fact
from domain.model import AGGREGATE_OF_EVENT, AGGREGATES
from domain.moment import Moment, order
from domain.money import Money
from domain.names import Names
from domain.refusal import Refused
from tests.scenario import a, called, empty, placed, state

MOMENTS = ["2025", "2025-02", "2025-02-10", "2025-02-10T09:00Z", "2025-02-11T00:30+09:00", "2025-03"]
SUBJECTS = ["issue/it", "agreement/it", "session/it/membership"]


def told(hint: Any) -> st.SearchStrategy[Any]:
    """A few values of an annotated type."""
    if hint == Moment:
        return st.sampled_from(MOMENTS)
    if hint is Money:
        return st.just(Money(amount="5", currency="USD"))
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated and inner[0] is str:
        named = [mark.kind for mark in hint.__metadata__ if isinstance(mark, Names)]
        return st.sampled_from(SUBJECTS if named == ["subject"] else ["it", "other"])
    if origin is Annotated:
        return told(inner[0])
    if origin in (Union, UnionType):
        return st.one_of(*map(told, inner))
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        return st.lists(told(inner[0]), min_size=1, max_size=2).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Fact):
        return facts(hint).map(lambda fields: hint(**fields))
    return {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(0, 9),
        str: st.just("it"),
        UUID: st.just(NAMESPACE_OID),
    }[hint]


def facts(kind: type[Fact]) -> st.SearchStrategy[dict[str, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in msgspec.structs.fields(kind) if field.name != "envelope"]
    return st.fixed_dictionaries(
        {
            name: told(hints[name])
            for name in names
            if Derived not in map(type, getattr(hints[name], "__metadata__", ()))
        }
    )


class Telling(RuleBasedStateMachine):
    """Somebody tells one thing after another about one stream, in no order of time, and some of it is taken back."""

    KIND: ClassVar[type[Aggregate]]

    def __init__(self) -> None:
        super().__init__()
        self.live = empty(self.KIND)
        self.records: list[DomainEvent] = []
        self.events = [event for event, kind in AGGREGATE_OF_EVENT.items() if kind is self.KIND]
        self.first = [event for event in self.events if event.BEGINS]

    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(self.events if self.records else self.first))
        event = a(kind, data.draw(st.sampled_from(MOMENTS)), **data.draw(facts(kind)))
        before = state(self.live)
        try:
            self.records.append(self.live.decide(placed(event, self.live, self.live.version + 1)))
        except Refused:
            assert state(self.live) == before

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        version = data.draw(st.integers(max(0, self.live.version - 2), self.live.version))
        self.live.rewind(version)
        del self.records[version:]

    @invariant()
    def a_replay_in_order_of_version_gives_the_live_state(self) -> None:
        replayed = empty(self.KIND)
        for event in self.records:
            event.mutate(replayed)
        assert state(replayed) == state(self.live)

    @invariant()
    def what_is_loaded_in_parts_gives_the_live_state(self) -> None:
        for first in {0, 1, len(self.records) // 2}:
            loaded = empty(self.KIND)
            loaded.load(self.records[:first])
            loaded.load(self.records[first:])
            assert state(loaded) == state(self.live)

    @invariant()
    def a_fold_in_order_of_time_gives_the_live_state(self) -> None:
        assert state(self.folded(self.records)) == state(self.live)

    @invariant()
    def the_state_at_a_moment_is_a_fold_of_what_had_occurred(self) -> None:
        for moment in MOMENTS:
            occurred = [event for event in self.records if order(event.envelope.occurred) <= order(moment)]
            assert state(self.live.at(moment)) | {"records": occurred} == state(self.folded(occurred))

    def folded(self, records: list[DomainEvent]) -> Aggregate:
        """The plainest fold there is."""
        folded = empty(self.KIND)
        folded.version = len(self.records)
        folded.records = records
        folded.history = sorted(records, key=lambda e: (order(e.envelope.occurred), e.envelope.version))
        for event in folded.history:
            event.change(folded)
        return folded


@pytest.mark.parametrize("kind", AGGREGATES, ids=called)
def test_a_stream_adds_up_to_the_same_state_live_replayed_and_folded(kind):
    run_state_machine_as_test(
        type(f"Telling{kind.__name__}", (Telling,), {"KIND": kind}),
        settings=settings(max_examples=25, stateful_step_count=12, deadline=None, database=None),
    )
