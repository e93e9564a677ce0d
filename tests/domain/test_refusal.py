import pytest

from domain import model
from domain.refusal import Refused, Unknown, kebab
from domain.round import RoundAlreadyOpen


def rules(rule=Refused):
    return [
        heir for child in rule.__subclasses__() if child.__module__.startswith("domain.") for heir in rules(child)
    ] or [rule]


@pytest.mark.parametrize(
    ("name", "code"), [("RoundAlreadyOpen", "round-already-open"), ("Unknown", "unknown"), ("OpenRound", "open-round")]
)
def test_a_name_in_capitals_becomes_a_name_in_hyphens(name, code):
    assert kebab(name) == code


def test_a_refusal_says_what_was_told_where_and_what_would_be_right():
    refusal = RoundAlreadyOpen("may", "round")
    assert str(refusal) == "may: The round was open by then; it is opened once."
    assert (refusal.code, refusal.field, refusal.line) == ("round-already-open", "round", None)


def test_a_refusal_without_a_field_is_about_the_whole():
    assert Unknown("it").field == ""


def test_a_rule_that_spans_lines_is_one_sentence():
    class Spans(Refused):
        """What is told
        in two lines."""

    assert Spans.rule() == "What is told in two lines."


def test_every_rule_has_a_code_of_its_own_and_says_what_would_be_right():
    found = rules()
    assert len(found) > len(model.AGGREGATES)
    assert len({rule.code for rule in found}) == len(found)
    assert [rule for rule in found if not rule.__doc__ or not rule.rule().endswith(".")] == []
