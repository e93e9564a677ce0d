"""`make golden`: accepts what the stored forms have come to admit, and makes the golden files that are missing.

A change that needs a new version is refused. What was made before is left as it is.
"""

import sys
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

from msgspec.structs import replace
from pydantic import TypeAdapter

from application.command import Command, all_commands
from application.erasing import RecordErasure
from domain.aggregate import stream_id
from domain.amendment import Amendment
from domain.event import DomainEvent, Envelope
from domain.model import EVENT_OF_TOPIC, Claim
from infrastructure.serialization import encode_event
from tests.golden.schemas import accepted, current, faults, record_of, write

_DERIVED = {"kind": "position", "claimant": "japan", "subject": "issue/autos", "claimants": ("japan", "united-states")}
"""What a decision would fill in."""
_WHOLE_ENVELOPE = {"effective": "2026-07", "published": "2026-06-02", "reason": "So that every field is there."} | {
    "evidence": [{"source": "fact-sheet", "locator": "page 2", "quotation": "in full"}],
    "causation": str(NAMESPACE_OID),
}


def example(command: type[Command]) -> DomainEvent:
    """The event of a command's example, with all that an envelope can hold."""
    body = TypeAdapter(command.body()).validate_python(_WHOLE_ENVELOPE | command.EXAMPLE)
    kind = command.aggregate() or Claim
    key = "/".join(getattr(body, part, None) or str(NAMESPACE_OID) for part in kind.ADDRESS)
    envelope = Envelope(
        id=uuid5(NAMESPACE_OID, command.name()),
        negotiation=body.negotiation,
        key=key,
        stream=stream_id(body.negotiation, kind.KIND, key),
        version=1,
        occurred=body.occurred,
        effective=body.effective,
        published=body.published,
        recorded=datetime(2026, 6, 3, 12, tzinfo=UTC),
        recorded_by="local",
        evidence=body.evidence,
        reason=body.reason,
        command=NAMESPACE_OID,
        causation=body.causation,
        correlation=NAMESPACE_OID,
    )
    event = command.EVENT(envelope=envelope, **{name: getattr(body, name) for name in command.facts()})
    if isinstance(event, Amendment):
        return replace(event, kind=kind.KIND)
    derived = {name: value for name, value in _DERIVED.items() if name in event.__struct_fields__}
    return replace(event, **{name: value for name, value in derived.items() if name not in command.facts()})


def main() -> int:
    known, now = accepted(), current(EVENT_OF_TOPIC.values())
    if found := faults(known, now):
        sys.stderr.write("\n".join(found) + "\n")
        return 1
    for command in (*all_commands().values(), RecordErasure):
        file = record_of(command.EVENT.TOPIC, command.EVENT.VERSION)
        if not file.exists():
            file.write_bytes(encode_event(example(command)))
    write(known | now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
