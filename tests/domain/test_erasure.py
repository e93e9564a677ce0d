"""What was erased keeps its place in its stream and changes nothing; what names it can still be read."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.aggregate import as_they_stand
from domain.amendment import Corrected, RecordErased, Retracted, in_force
from domain.claim import Claim
from domain.erased import Erased
from domain.erasure import ErasedWithoutReason, Erasure
from domain.event import DomainEvent
from domain.model import aggregate_of, topic_of
from domain.refusal import AlreadyKnown
from tests.scenario import a, empty, given, placed, state

NAME = UUID(int=7)


def claim(**facts: Any) -> DomainEvent:
    return a(
        Claim.Made, "2025-01-02", kind="position", claimant="north", subject="issue/fish", value={}, **facts
    )  # the value is of no matter here


def reasoned(event: DomainEvent) -> DomainEvent:
    return replace(event, envelope=replace(event.envelope, reason="Asked for."))


def erased(was: str = "Claim.Made", kind: str = "claim") -> DomainEvent:
    return a(Erased, "2025-01-02", was=was, kind=kind)


def test_a_stream_goes_on_after_what_was_erased_as_if_that_had_not_been_told():
    stream = empty(Claim)
    placed(erased(), stream, 1).mutate(stream)
    assert (stream.version, len(stream.records), stream.history) == (1, 1, [])
    made = stream.decide(placed(claim(), stream, 2))
    assert stream.history == [made]
    assert state(stream.at("2025-01-02")) == state(stream)


def test_what_was_erased_is_known_by_what_it_was():
    event = erased("Record.Corrected", "claim")
    assert (aggregate_of(event), topic_of(event)) == (Claim, "Record.Corrected")
    assert topic_of(claim()) == "Claim.Made"


def test_amendments_that_name_what_was_erased_change_nothing():
    stream = empty(Claim)
    gone, other = placed(erased(), stream, 1), placed(claim(), stream, 2)
    correction = placed(
        reasoned(a(Corrected, "2025-01-03", record=gone.envelope.id, changes={"speaker": "Ada"}, kind="claim")),
        stream,
        3,
    )
    assert in_force([gone, other, correction]) == [gone, other, correction]
    assert as_they_stand(Claim, [gone, other, correction], set()) == [gone, other, correction]
    retraction = placed(reasoned(a(Retracted, "2025-01-03", record=gone.envelope.id, kind="claim")), stream, 4)
    assert in_force([gone, other, correction, retraction]) == [other, correction, retraction]


def test_what_was_erased_cannot_be_corrected():
    stream = empty(Claim)
    gone = placed(erased(), stream, 1)
    gone.mutate(stream)
    correction = a(Corrected, "2025-01-03", record=gone.envelope.id, changes={"speaker": "Ada"}, kind="claim")
    with pytest.raises(RecordErased):
        stream.decide(placed(reasoned(correction), stream, 2))


def test_an_erasure_says_why():
    given(Erasure).when(a(Erasure.Made, "2025-01-02")).refused(ErasedWithoutReason, "reason")
    given(Erasure).when(reasoned(a(Erasure.Made, "2025-01-02", records=(NAME,)))).then()


def test_a_key_is_destroyed_once():
    made = reasoned(a(Erasure.Made, "2025-01-02"))
    given(Erasure, made).when(made).refused(AlreadyKnown, "erasure")
