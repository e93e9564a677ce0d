"""Values, money and other facts in words, for a line or a cell."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from application.reckoning import in_words
from domain.fact import Fact
from domain.rule import Rule
from domain.tariff import Specific
from domain.tariff import in_words as tariff_in_words

Item = dict[str, Any]
CELL_LENGTH = 200


def value(told: Item | None) -> str:
    """A typed value in words."""
    if told is None:
        return "(withdrawn)"
    match told["type"]:
        case "money":
            return money(told["money"]) + _based(told)
        case "share":
            return _qualified(f"{told['percent']} %", told) + (f" to {told['to']}" if told.get("to") else "")
        case "rate":
            return _qualified(f"{told['percent']} %", told) + _based(told)
        case "count":
            return _qualified(f"{Decimal(told['number']):,f} {told['unit']}", told) + _based(told)
        case "range":
            return f"{value(told['low'])} to {value(told['high'])}"
        case "rule":
            return in_words(msgspec.convert(told["rule"], Rule))
        case "tariff":
            return f"{rate(told['percent'], told.get('specific', ()))} {told['basis']}"
        case "cap":
            return f"{money(told['amount'])} {told['on']}"
        case "waterfall":
            return "; then ".join(map(_tier, told["tiers"]))
        case "yes-no":
            return "yes" if told["answer"] else "no"
        case kind:
            return str(told[kind])


def _based(told: Item) -> str:
    return f" ({told['basis']})" if told.get("basis") else ""


def _tier(told: Item) -> str:
    shares = " and ".join(f"{share['percent']} % to {share['party']}" for share in told.get("shares", ()))
    return (shares or "by what each put in") + (f" until the {told['until']['name']}" if told.get("until") else "")


def rate(percent: str, specific: Sequence[Item]) -> str:
    """What is levied on goods."""
    return tariff_in_words(percent, msgspec.convert(specific, list[Specific]))


def money(told: Item | None) -> str:
    """Money with its currency and qualifier."""
    if told is None:
        return ""
    amount = f"{Decimal(told['amount']):,f}"
    if "." in amount and not amount.partition(".")[2].strip("0"):
        amount = amount.partition(".")[0]
    return _qualified(f"{told['currency']} {amount}", told)


_PERIOD = (("from", "begins"), ("until", "until"))
_A = {"hour": " an hour", "day": " a day", "month": " a month", "year": " a year"}


def _qualified(text: str, told: Item) -> str:
    qualifier = told.get("qualifier") or ", ".join(told.get("qualifiers", ()))
    before = "" if qualifier in ("", "exactly") else qualifier.replace("-", " ") + " "
    period = "".join(f" {word} {told[name]}" for word, name in _PERIOD if told.get(name))
    return before + text + (_A[told["per"]] + period if told.get("per") else "")


def fact_in_words(told: Fact | None) -> str:
    """A value, money or another fact in words."""
    return _in_words(msgspec.to_builtins(told))


def cell_of(told: Any) -> str:
    """A field of any kind in a cell: values and money in words, other facts without what they rest on, all cut."""
    return shortened(_in_words(told), CELL_LENGTH)


def shortened(text: str, length: int) -> str:
    """A text cut to a length, where it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _in_words(told: Any) -> str:
    match told:
        case {"type": _}:
            return value(told)
        case {"currency": _, "amount": _}:
            return money(told)
        case dict():
            parts = {name: _in_words(part) for name, part in told.items() if not name.endswith("basis")}
            return ", ".join(f"{name}: {part}" for name, part in parts.items() if part)
        case list():
            return "; ".join(filter(None, map(_in_words, told)))
    return "" if told is None else str(told)
