"""Every record that was ever stored can be read, and no stored form changes unseen."""

import json
from typing import ClassVar

import msgspec
import pytest

from application.command import all_commands
from application.erasing import RecordErasure
from application.projections import timeline
from application.view import Record
from domain.claim import Claim
from domain.event import DomainEvent
from domain.model import EVENT_OF_TOPIC
from infrastructure.serialization import EventCoder, NewerVersion, decode_event, encode_event
from tests.golden.schemas import ENVELOPE, accepted, admits, current, faults, record_of
from tests.scenario import a

VERSIONS = [(topic, version) for topic, event in EVENT_OF_TOPIC.items() for version in range(1, event.VERSION + 1)]


@pytest.mark.parametrize(("topic", "version"), VERSIONS)
def test_a_record_of_every_version_of_every_type_is_read(topic: str, version: int) -> None:
    state = record_of(topic, version).read_bytes()
    event = decode_event(topic, state)
    assert type(event) is EVENT_OF_TOPIC[topic]
    assert decode_event(topic, encode_event(event)) == event
    if version == event.VERSION:
        assert encode_event(event) == state


@pytest.mark.parametrize(("topic", "version"), VERSIONS)
def test_a_record_of_every_type_has_its_line_in_the_timeline(topic: str, version: int) -> None:
    event = decode_event(topic, record_of(topic, version).read_bytes())
    line = timeline.evolve(None, Record(1, event), str(event.envelope.id))
    assert line.title.startswith(f"{line.type.partition('.')[0]} {event.envelope.key}: ")


def test_every_golden_file_is_of_a_version_that_there_is() -> None:
    there = {file.name for file in record_of("", 1).parent.iterdir()}
    assert there == {record_of(topic, version).name for topic, version in VERSIONS}


def test_the_stored_forms_are_those_that_were_accepted() -> None:
    known, now = accepted(), current(EVENT_OF_TOPIC.values())
    assert not faults(known, now)
    changed = [name for name, form in now.items() if known.get(name) != form]
    assert not changed, f"{changed}: run `make golden`, and look at what it changes in schemas.json"


def test_no_fact_has_a_name_that_the_log_uses_itself() -> None:
    assert not [
        event
        for event in EVENT_OF_TOPIC.values()
        if {"schema", "erased", "sealed", "type", "position"} & {*event.__struct_fields__}
    ]


class First(DomainEvent, frozen=True):
    """Text of an amount."""

    TOPIC: ClassVar[str] = "Sum.Told"
    amount: str


class Second(DomainEvent, frozen=True):
    TOPIC: ClassVar[str] = "Sum.Told"
    VERSION: ClassVar[int] = 2
    minor: int


class Third(DomainEvent, frozen=True):
    TOPIC: ClassVar[str] = "Sum.Told"
    VERSION: ClassVar[int] = 3
    minor: int
    currency: str


UPCASTERS = {
    ("Sum.Told", 1): lambda told: {"envelope": told["envelope"], "minor": int(told["amount"]) * 100},
    ("Sum.Told", 2): lambda told: told | {"currency": "USD"},
}


def test_an_older_record_is_read_through_every_version_after_its_own() -> None:
    first, second, third = (EventCoder([event], UPCASTERS) for event in (First, Second, Third))
    told = a(First, "2025-01-02", amount="7")
    oldest = first.encode(told)
    older = second.encode(second.decode("Sum.Told", oldest))
    newest = third.encode(third.decode("Sum.Told", older))
    assert json.loads(oldest).keys() == {"envelope", "amount"}
    assert json.loads(older).items() >= {"schema": 2, "minor": 700}.items()
    assert json.loads(newest).items() >= {"schema": 3, "minor": 700, "currency": "USD"}.items()
    expected = Third(envelope=told.envelope, minor=700, currency="USD")
    assert [third.decode("Sum.Told", state) for state in (oldest, older, newest)] == [expected] * 3
    assert third.told("Sum.Told", oldest) == json.loads(newest.replace(b'"schema":3,', b""))


def test_a_record_of_a_newer_version_is_not_read_as_an_older_one() -> None:
    newest = EventCoder([Third], UPCASTERS).encode(a(Third, "2025-01-02", minor=700, currency="USD"))
    for known, event in enumerate((First, Second), 1):
        with pytest.raises(NewerVersion, match=f"known up to version {known}, and this record is of version 3"):
            EventCoder([event], UPCASTERS).decode("Sum.Told", newest)


def test_the_check_of_stored_forms_can_fail() -> None:
    known = current([First])
    assert faults(known, known) == faults(known, known | {"Sum.Told/1": optional("note")}) == []
    assert faults(known, current([])) == ["Sum.Told is gone, and its records could not be read."]
    (said,) = faults(known, known | {"Sum.Told/1": current([Second])["Sum.Told/2"]})
    assert "VERSION 2" in said
    envelope = known[ENVELOPE] | {"required": [*known[ENVELOPE]["required"], "causation"]}
    assert "it only gains optional fields" in faults(known, {ENVELOPE: envelope, "Sum.Told/1": known["Sum.Told/1"]})[0]


def optional(name: str, base: type[DomainEvent] = First) -> object:
    form = msgspec.json.schema(msgspec.defstruct("More", [(name, str | None, None)]))["$defs"]["More"]
    before = current([base])[f"Sum.Told/{base.VERSION}"]
    return before | {"properties": before["properties"] | form["properties"]}


STRING, NUMBER, NONE = {"type": "string"}, {"type": "integer"}, {"type": "null"}


@pytest.mark.parametrize(
    ("old", "new", "admitted"),
    [
        (STRING, NUMBER, False),
        (STRING, {"anyOf": [STRING, NONE]}, True),
        ({"anyOf": [STRING, NONE]}, STRING, False),
        ({"anyOf": [STRING, NONE], "default": None}, {"anyOf": [STRING, NONE], "default": "x"}, False),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, True),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, False),
        ({"type": "array", "items": STRING}, {"type": "array", "items": NUMBER}, False),
        ({"type": "array", "items": {"enum": ["a"]}}, {"type": "array", "items": {"enum": ["a", "b"]}}, True),
        ({"properties": {"a": STRING}, "required": ["a"]}, {"properties": {"a": STRING}, "required": []}, False),
        ({"properties": {"a": STRING}}, {"properties": {"a": STRING, "b": STRING}, "required": ["b"]}, False),
        ({"properties": {"a": STRING, "b": STRING}}, {"properties": {"a": STRING}}, False),
        ({"anyOf": [{"properties": {"a": STRING}}, NONE]}, {"anyOf": [{"properties": {"a": NUMBER}}, NONE]}, False),
        (
            {"anyOf": [{"properties": {"a": STRING}}, NONE]},
            {"anyOf": [{"properties": {"a": STRING, "b": STRING | {"default": ""}}}, NONE]},
            True,
        ),
    ],
)
def test_a_form_may_only_come_to_admit_more(old: object, new: object, admitted: bool) -> None:
    assert admits(new, old) is admitted


def test_what_only_one_who_tells_has_to_keep_is_no_part_of_a_stored_form() -> None:
    form = current([Claim.Made])["Claim.Made/1"]
    assert form["properties"]["subject"] == {"type": "string"}
    assert "description" not in json.dumps(form)


def test_every_type_has_a_command_that_makes_it() -> None:
    assert {command.EVENT for command in (*all_commands().values(), RecordErasure)} == {*EVENT_OF_TOPIC.values()}
