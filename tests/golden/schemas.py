"""What was stored, of every type and version: whether today's code still reads it, and stores it so.

`schemas.json` holds the form of each version of a type, a line each, and `records/` a record of it as the log holds it.
Both are made by `make golden` and never edited. A form may only come to admit more; any other change is a new version.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from domain.event import DomainEvent
from infrastructure.stored_schema import Schema, envelope_schema, stored_schema

FOLDER = Path(__file__).parent
SCHEMAS = FOLDER / "schemas.json"
ENVELOPE = "Envelope"


def record_of(topic: str, version: int) -> Path:
    """The golden file of a version of a type."""
    return FOLDER / "records" / f"{topic}.{version}.json"


def accepted() -> dict[str, Schema]:
    """The forms that were accepted, by type and version, such as `Claim.Made/1`."""
    found: dict[str, Schema] = json.loads(SCHEMAS.read_text()) if SCHEMAS.exists() else {}
    return found


def current(events: Iterable[type[DomainEvent]]) -> dict[str, Schema]:
    """The forms that the code has."""
    forms = {f"{event.TOPIC}/{event.VERSION}": stored_schema(event) for event in events}
    return {ENVELOPE: envelope_schema(), **dict(sorted(forms.items()))}


def faults(known: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """What in the code's forms breaks with those that were accepted, a sentence each."""
    found = []
    types = {name.partition("/")[0] for name in now}
    for name, form in known.items():
        topic, _, version = name.partition("/")
        if topic not in types:
            found.append(f"{topic} is gone, and its records could not be read.")
        elif name in now and not admits(now[name], form):
            advice = "it only gains optional fields" if name == ENVELOPE else f"give it VERSION {int(version) + 1}"
            found.append(f"{topic} is stored in another form: {advice}, or leave the form as it was.")
    return found


def admits(new: Any, old: Any) -> bool:
    """Whether a form differs from an older one only by optional fields with a default, and by more choices."""
    if not (isinstance(new, dict) and isinstance(old, dict)):
        return bool(new == old)
    for choice in ("anyOf", "enum"):
        if choice in old or choice in new:
            more = [form for form in old.get(choice, [old]) if form not in new.get(choice, [new])]
            same = all(new.get(name) == old.get(name) for name in {*old, *new} - {choice, "type"})
            return same and all(any(admits(one, form) for one in new.get(choice, ())) for form in more)
    fields, before = new.get("properties", {}), old.get("properties", {})
    apart = {"properties", "required", "items"}
    return (
        all(new.get(name) == old.get(name) for name in {*old, *new} - apart)
        and all(name in fields and admits(fields[name], form) for name, form in before.items())
        and set(new.get("required", ())) == set(old.get("required", ()))
        and all("default" in form for name, form in fields.items() if name not in before)
        and ("items" in new) == ("items" in old)
        and admits(new.get("items"), old.get("items"))
    )


def write(forms: Mapping[str, Schema]) -> None:
    """A line for each form, so that a change of one is a change of one line."""
    lines = (f"{json.dumps(name)}: {json.dumps(form, sort_keys=True)}" for name, form in forms.items())
    SCHEMAS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
