import json
from typing import Annotated, Self

import msgspec
import pytest
from msgspec.structs import replace
from pydantic import Field, TypeAdapter, ValidationError

from domain.claim import Claim
from domain.event import Envelope, Evidence
from domain.fact import Fact
from domain.moment import Moment
from domain.money import Money
from domain.refusal import Refused
from domain.session import Participant, Session
from domain.value import Share, Told
from tests.scenario import a, empty, placed


class TopIsBelowBottom(Refused):
    """The top is above the bottom."""


class Span(Fact):
    """From a bottom
    to a top."""

    bottom: Annotated[int, Field(ge=0)]
    top: Annotated[int, Field(ge=0)] | None = None
    label: str = "plain"

    def check(self) -> Self:
        if self.top is not None and self.top < self.bottom:
            raise TopIsBelowBottom(self.top, "top")
        return replace(self, label=self.label.strip())


class Spans(Fact, tag="spans"):
    spans: tuple[Span, ...] = ()


def told(kind, text):
    return TypeAdapter(kind).validate_json(text, strict=True)


def test_a_fact_is_told_by_its_fields_and_takes_its_canonical_form():
    assert told(Span, '{"bottom": 1, "top": 2, "label": " wide "}') == Span(bottom=1, top=2, label="wide")
    assert told(Span, '{"bottom": 1}') == Span(bottom=1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", ("bottom",)),
        ('{"bottom": -1}', ("bottom",)),
        ('{"bottom": "1"}', ("bottom",)),
        ('{"bottom": null}', ("bottom",)),
        ('{"bottom": 1, "height": 2}', ("height",)),
        ('{"bottom": 1, "type": "span"}', ("type",)),
        ("[]", ()),
        ("null", ()),
    ],
)
def test_a_fact_that_breaks_a_constraint_is_refused_at_its_place(text, place):
    with pytest.raises(ValidationError) as refusal:
        told(Span, text)
    assert [error["loc"] for error in refusal.value.errors()] == [place]


def test_fields_that_contradict_are_refused_by_the_rule_at_any_depth():
    with pytest.raises(ValidationError) as refusal:
        told(Spans, '{"type": "spans", "spans": [{"bottom": 1}, {"bottom": 2, "top": 1}]}')
    (error,) = refusal.value.errors()
    assert error["loc"][:2] == ("spans", 1)
    assert type(error["ctx"]["error"]) is TopIsBelowBottom


@pytest.mark.parametrize("text", ['{"spans": []}', '{"type": "span", "spans": []}'])
def test_a_tagged_fact_carries_its_tag(text):
    assert told(Spans, '{"type": "spans", "spans": []}') == Spans()
    with pytest.raises(ValidationError):
        told(Spans, text)


def test_a_fact_describes_itself():
    schema = TypeAdapter(Span).json_schema()
    assert (schema["title"], schema["description"]) == ("Span", "From a bottom\nto a top.")
    assert (schema["required"], schema["additionalProperties"]) == (["bottom"], False)
    assert "description" not in schema["properties"]["bottom"]


def test_a_fact_does_not_change():
    with pytest.raises(AttributeError):
        Span(bottom=1).bottom = 2


def test_the_log_leaves_out_what_was_not_told():
    assert msgspec.json.encode(Span(bottom=1)) == b'{"bottom":1}'
    assert msgspec.json.encode(Spans()) == b'{"type":"spans"}'


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        (Span, {"bottom": -5}),
        (Span, {"bottom": 2, "top": 1}),
        (Money, {"amount": "1.999", "currency": "USD"}),
        (Money, {"amount": "007", "currency": "DEM"}),
        (Evidence, {"source": "Not A Slug", "quotation": "x" * 501}),
        (Participant, {"party": "japan", "person": "two\nlines", "minutes": -1}),
        (Told, {"type": "share", "percent": "101"}),
    ],
)
def test_a_rule_that_was_tightened_later_does_not_make_history_unreadable(kind, record):
    text = json.dumps(record)
    with pytest.raises(ValidationError):
        told(kind, text)
    fact = msgspec.json.decode(text, type=kind)
    assert {name: getattr(fact, name) for name in record if name != "type"} == {
        name: value for name, value in record.items() if name != "type"
    }


@pytest.mark.parametrize("moment", ["2025-02-30", "before the war"])
def test_a_moment_that_is_refused_today_is_read_back_from_the_log(moment):
    with pytest.raises(ValidationError):
        told(Moment, json.dumps(moment))
    envelope = msgspec.to_builtins(placed(a(Session.Held, "2025", form="call"), empty(Session), 1).envelope)
    assert msgspec.convert({**envelope, "occurred": moment}, type=Envelope).occurred == moment


def test_the_log_reads_back_what_it_was_given_and_passes_over_fields_it_no_longer_knows():
    event = placed(
        a(
            Claim.Made,
            "2025-07-22T20:15-04:00",
            kind="position",
            claimant="us",
            subject="issue/profit-split",
            value=Share(percent="90", to="us"),
        ),
        empty(Claim),
        1,
    )
    record = msgspec.to_builtins(event)
    assert msgspec.json.decode(msgspec.json.encode(event), type=Claim.Made) == event
    assert msgspec.json.decode(json.dumps({**record, "mood": "hopeful"}), type=Claim.Made) == event


@pytest.mark.parametrize("text", ['{"bottom": "1"}', "{}", '{"bottom": null}', "[1]"])
def test_a_record_of_other_types_is_not_read_back(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Span)
