"""The stored form of events: the JSON schema of what is decoded, without the rules for what is told."""

from typing import Any

import msgspec

from domain.event import DomainEvent, Envelope

Schema = dict[str, Any]
_SAID = {"title", "description", "discriminator"}
"""What is said about a form, beside the form itself."""


def stored_schema(event: type[DomainEvent]) -> Schema:
    """The facts of an event; the envelope is the same for all."""
    schema = _written_out(event)
    del schema["properties"]["envelope"]
    schema["required"].remove("envelope")
    return schema


def envelope_schema() -> Schema:
    """The envelope of every event."""
    return _written_out(Envelope)


def _written_out(fact: type) -> Schema:
    schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(fact)))
    found: Schema = _without_names(schema, schema["$defs"])
    return found


def _without_names(part: Any, known: Schema) -> Any:
    """A part of a schema with all that it refers to in its place: what a class is called is not stored."""
    if isinstance(part, list):
        return [_without_names(item, known) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _without_names(known[part["$ref"].removeprefix("#/$defs/")], known)
    if "properties" in part:
        fields = {name: _without_names(field, known) for name, field in part["properties"].items()}
        rest = {name: value for name, value in part.items() if name not in {"properties", *_SAID}}
        return rest | {"properties": fields}
    return {name: _without_names(value, known) for name, value in part.items() if name not in {*_SAID, "$defs"}}
