"""Fields of a document by path: `status`, `steps[2].amount`, `provisions[profit-split].text`.

An entry of a list is named by what tells it from its neighbours, where it has such a field; else by its number.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from domain.fact import Fact
from domain.refusal import Refused

NAMING = (
    *("key", "claim", "record", "tranche", "rung", "party", "session", "statement", "currency", "finding", "by"),
    *("parties", "claims"),
)
"""The fields that can name an entry among its neighbours."""
UNCOMPARED = {"basis", "days_left"}
"""The fields in which nothing differs that matters: what a field rests on, and what is another every day."""
_STEP = re.compile(r"([a-z0-9_-]+)|\[([^\[\]]+)\]")
PATH_PATTERN = r"^[a-z0-9_]+(\.[a-z0-9_-]+|\[[A-Za-z0-9/:_-]+\])*$"
NOTHING = UNSET
"""What stands where nothing does, and in a private field of a document that is served."""


class NoSuchField(Refused):
    """A field is named by its path, as the difference of two documents shows it."""


def names(entries: tuple[Any, ...]) -> list[str]:
    """What each entry of a list is called; by its number the one among them that has no name."""
    for field in NAMING:
        told = [_name(entry, field) for entry in entries]
        if any(told) and len(set(told)) == len(told):
            return [str(name or number) for number, name in enumerate(told)]
    return [str(number) for number in range(len(entries))]


def _name(entry: Any, field: str) -> Any:
    """Money by the year is another thing than money of the same currency. A pair is named by both of its parties, and a
    side by the first claim on it.
    """
    basis = getattr(entry, "basis", entry)
    name = getattr(basis if field == "record" else entry, field, None)
    if field == "parties" and name:
        return "/".join(name)
    if field == "claims" and name:
        return name[0].claim
    if field == "currency" and getattr(entry, "per", None):
        told = (getattr(entry, field, None) for field in ("per", "begins", "until"))
        return "/".join(filter(None, (name, *told)))
    return name


def at(value: Any, path: str) -> Any:
    """What stands at a path; `NOTHING` where nothing does."""
    for part in _STEP.finditer(path):
        name = part.group(1) or part.group(2)
        if isinstance(value, tuple):
            value = dict(zip(names(value), value, strict=True)).get(name, NOTHING)
        elif isinstance(value, dict):
            value = value.get(name, NOTHING)
        else:
            value = _field(value, name)
    return value


def _field(value: Any, name: str) -> Any:
    if isinstance(value, Fact) and name in value.__struct_fields__:
        return getattr(value, name)
    return value.__struct_config__.tag or NOTHING if isinstance(value, Fact) and name == "type" else NOTHING


def differing(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The fields in which two values differ, as deep as both have them."""
    if before is after or before == after:
        return
    if isinstance(before, Fact) and type(before) is type(after):
        for name in before.__struct_fields__:
            if name not in UNCOMPARED:
                yield from differing(getattr(before, name), getattr(after, name), f"{path}.{name}".lstrip("."))
    elif isinstance(before, tuple) and isinstance(after, tuple) and _entries(before) and _entries(after):
        yield from _by_name(_named(before), _named(after), path)
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _by_name(before, after, path)
    else:
        yield path, before, after


def _by_name(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*before, *after]):
        here = f"{path}[{name}]"
        if name in before and name in after:
            yield from differing(before[name], after[name], here)
        else:
            yield here, before.get(name), after.get(name)


def _entries(value: tuple[Any, ...]) -> bool:
    return all(isinstance(item, Fact) for item in value)


def _named(value: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names(value), value, strict=True))
