"""How an event is kept: its facts and envelope as JSON, under its topic."""

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from application.view import Document, View
from domain.event import DomainEvent
from domain.model import EVENT_OF_TOPIC

_encoder = msgspec.json.Encoder()
_decoders = {topic: msgspec.json.Decoder(event) for topic, event in EVENT_OF_TOPIC.items()}


def encode(value: Any) -> bytes:
    """The canonical JSON of a fact or a document: fields in the order of their declaration."""
    return _encoder.encode(value)


def decode_event(topic: str, state: bytes) -> DomainEvent:
    return _decoders[topic].decode(state)


class EventMapper(Mapper[UUID]):
    """The library's port between events and what its recorders store."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.TOPIC,
            state=encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return decode_event(stored_event.topic, stored_event.state)


def decode_document(view: View, body: bytes) -> Document:
    """A stored document, as its view's fold takes it."""
    return msgspec.json.decode(body, type=view.document)
