"""The canonical form: RFC 8785, for every record that can be stored."""

import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.model import EVENT_OF_TOPIC
from infrastructure.canonical import NotARecord, decoded, leaf, stored

EXACT = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
names = texts.filter(lambda name: name not in ("type", "envelope"))
"""What a record's own fields may be called: `test_no_event_has_a_fact_that_the_form_would_cover`."""


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=5))
@example({"\U0001f600": 1, "\ue000": 2, "a": 3})
@example({"a": 1.0, "b": -0.0, "c": 1e21, "d": 1e-7, "e": 5e-324, "f": 333333333.33333329})
@example({"a": '\x7f\x00\x1f\b\f\n\r\t"\\/ \u20ac\ud7ff'})
def test_it_is_that_of_rfc_8785(facts: dict[str, Any]) -> None:
    told = facts | {"envelope": {"id": "x", "version": 3, "evidence": [facts]}}
    expected = told | {"type": "Round.Opened", "envelope": {"id": "x", "evidence": [facts]}}
    assert leaf("Round.Opened", json.dumps(told).encode()) == rfc8785.dumps(expected)
    assert leaf("Round.Opened", msgspec.json.encode(told)) == rfc8785.dumps(expected)


@settings(deadline=None)
@given(st.dictionaries(names, st.integers() | texts))
def test_an_integer_of_any_size_has_all_its_digits(facts: dict[str, Any]) -> None:
    form = leaf("X", msgspec.json.encode(facts | {"envelope": {}}))
    expected = facts | {"envelope": {}, "type": "X"}
    assert json.loads(form) == expected
    assert list(json.loads(form)) == sorted(expected, key=lambda name: name.encode("utf-16-be"))
    for number in (value for value in facts.values() if type(value) is int):
        assert str(number).encode() in form


def test_two_large_integers_that_rfc_8785_would_round_to_one_have_two_forms() -> None:
    one, other = (leaf("X", b'{"envelope":{},"n":%d}' % number) for number in (2**53, 2**53 + 1))
    assert one != other


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_what_the_log_writes_is_what_it_would_write_again(facts: dict[str, Any]) -> None:
    state = msgspec.json.encode({"envelope": {"version": 1}} | facts)
    assert stored(decoded(state)) == state


@pytest.mark.parametrize(
    ("state", "other"),
    [
        (b'{"envelope":{},"a":"x"}', b'{"envelope":{},"a": "x"}'),
        (b'{"envelope":{},"a":"x"}', b'{"envelope":{},"a":"\\u0078"}'),
        (b'{"envelope":{},"a":2}', b'{"envelope":{},"a":1,"a":2}'),
        (b'{"envelope":{},"a":100.0}', b'{"envelope":{},"a":1e2}'),
        (b'{"envelope":{},"a":0}', b'{"envelope":{},"a":-0}'),
    ],
)
def test_other_bytes_of_the_same_meaning_are_not_what_the_log_writes(state: bytes, other: bytes) -> None:
    assert leaf("X", state) == leaf("X", other)
    assert stored(decoded(state)) == state
    assert stored(decoded(other)) != other


@pytest.mark.parametrize(
    "state",
    [
        b"", b"{", b"[]", b"1", b'{"envelope":1}', b'{"a":1}', b'{"envelope":{},"a":NaN}', b'{"envelope":{},"a":"\xff"}',
        b'{"envelope":{},"a":1e999}', b'{"envelope":{},"a":"\\ud800"}', b'{"envelope":{},"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(state: bytes) -> None:
    with pytest.raises(NotARecord):
        leaf("X", state)


def test_no_event_has_a_fact_that_the_form_would_cover() -> None:
    for event in EVENT_OF_TOPIC.values():
        assert not {"type", "position"} & set(event.__struct_fields__)
