"""Persons: where a fact names a natural person, and the same fact with other names in those places."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import replace

from domain.amendment import Corrected
from domain.event import DomainEvent
from domain.fact import Fact, facts_in, marks
from domain.model import AGGREGATE_OF_EVENT
from domain.text import Personal

Places = Mapping[str, "Places | None"]
"""The fields that name a person (None), or hold facts with such fields (theirs)."""


def renamed(event: DomainEvent, name: Callable[[str], str]) -> DomainEvent:
    """The event with another name for each person that it names; the same one where it names nobody."""
    places = _places_in(event)
    found: DomainEvent = _renamed(event, places, name) if places else event
    return found


def named(event: DomainEvent) -> list[str]:
    """The persons that an event names."""
    found: list[str] = []
    for field, within in _places_in(event).items():  # most often there is nothing in these, and no call is needed
        if part := getattr(event, field):
            _renamed(part, within, lambda person: found.append(person) or person)  # type: ignore[func-returns-value]
    return found


def _places_in(event: DomainEvent) -> Places:
    return {"changes": _places_of_kind(event.kind)} if isinstance(event, Corrected) else _places(type(event))


@cache
def _places(fact: type[Fact]) -> Places:
    found: dict[str, Places | None] = {}
    for field, hint in get_type_hints(fact, include_extras=True).items():
        personal = bool(marks(hint, Personal))
        within = {name: places for kind in facts_in(hint) for name, places in _places(kind).items()}
        if field in fact.__struct_fields__ and (within or personal):
            found[field] = None if personal else within
    return found


@cache
def _places_of_kind(kind: str) -> Places:
    """Where the records of a kind of stream name somebody: what a correction changes is not typed."""
    events = (event for event, aggregate in AGGREGATE_OF_EVENT.items() if kind == aggregate.KIND)
    return {name: places for event in events for name, places in _places(event).items()}


def _renamed(value: Any, places: Places | None, name: Callable[[str], str]) -> Any:
    """A fact, or the JSON of one."""
    if isinstance(value, str):
        return name(value) if places is None else value
    if isinstance(value, list | tuple):
        return type(value)(_renamed(item, places, name) for item in value)
    if isinstance(value, msgspec.Struct) and places:
        told = {field: part for field in places if (part := getattr(value, field))}
        changed = {field: _renamed(part, places[field], name) for field, part in told.items()}
        return replace(value, **changed) if changed else value
    if isinstance(value, dict) and places:
        return {key: _renamed(item, places[key], name) if key in places else item for key, item in value.items()}
    return value
