"""How an event is kept: its facts and envelope as JSON, under its topic, and above version 1 with its version."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from msgspec.structs import replace

from application.view import Document, View, private_fields, served
from domain.erased import Erased
from domain.event import DomainEvent
from domain.model import AGGREGATE_OF_EVENT, AMENDMENTS, EVENT_OF_TOPIC, topic_of
from infrastructure.upcasting import UPCASTERS, Upcaster, upcast

_encoder = msgspec.json.Encoder()
_PLAIN = b'{"envelope":'
"""How the state of a record begins that is of version 1, and was not erased: by far the most."""


def encode(value: Any) -> bytes:
    """The canonical JSON of a fact or a document: fields in the order of their declaration."""
    return _encoder.encode(value)


class NewerVersion(ValueError):
    """A record was written by a newer version of Parley: read it with that one."""


class _Beginning(msgspec.Struct):
    schema: int = 1
    erased: bool = False


class EventCoder:
    """Between events and the JSON that is kept of them. Only what is not of version 1 pays for having versions."""

    def __init__(self, events: Iterable[type[DomainEvent]], upcasters: Mapping[tuple[str, int], Upcaster]) -> None:
        self._versions = {event.TOPIC: event.VERSION for event in events}
        self._upcasters = upcasters
        self._decoders = {event.TOPIC: msgspec.json.Decoder(event).decode for event in events}
        self._unversioned = {
            topic: decode if self._versions[topic] == 1 else partial(self._decoded, topic)
            for topic, decode in self._decoders.items()
        }
        """What reads a state that says no version, which is 1."""

    def encode(self, event: DomainEvent) -> bytes:
        if isinstance(event, Erased):
            told = event.kind if EVENT_OF_TOPIC[event.was] in AMENDMENTS else ""  # of others, the type tells the kind
            return b'{"erased":true,' + _encoder.encode(replace(event, was="", kind=told))[1:]
        state = _encoder.encode(event)
        return state if event.VERSION == 1 else b'{"schema":%d,' % event.VERSION + state[1:]

    def decode(self, topic: str, state: bytes) -> DomainEvent:
        """Raises `NewerVersion`, and what msgspec raises."""
        return self._unversioned[topic](state) if state.startswith(_PLAIN) else self._decoded(topic, state)

    def _decoded(self, topic: str, state: bytes) -> DomainEvent:
        if msgspec.json.decode(state, type=_Beginning).erased:
            erased = msgspec.json.decode(state, type=Erased)
            kind = erased.kind or AGGREGATE_OF_EVENT[EVENT_OF_TOPIC[topic]].KIND
            return replace(erased, was=topic, kind=kind)
        return self._decoders[topic](self._current(topic, state))

    def told(self, topic: str, state: bytes) -> dict[str, Any]:
        """The fields of a record in the current version of its type. Raises as `decode` does."""
        told: dict[str, Any] = msgspec.json.decode(self._current(topic, state))
        told.pop("schema", None)
        return told

    def _current(self, topic: str, state: bytes) -> bytes:
        """The state in the current version of its type."""
        version, known = msgspec.json.decode(state, type=_Beginning).schema, self._versions[topic]
        if version == known:
            return state
        if version > known:
            raise NewerVersion(f"{topic} is known up to version {known}, and this record is of version {version}")
        return _encoder.encode(upcast(msgspec.json.decode(state), topic, known, self._upcasters))


_coder = EventCoder(EVENT_OF_TOPIC.values(), UPCASTERS)
encode_event, decode_event, told_in_record = _coder.encode, _coder.decode, _coder.told


def stored(event: DomainEvent, state: bytes) -> StoredEvent:
    """An event as the library's recorders take it. Its mapper is not used: what is read back is upcast and opened."""
    return StoredEvent(event.originator_id, event.originator_version, topic_of(event), state)


def encode_document(document: Document) -> tuple[bytes, bytes]:
    """A document as it is served, and its private fields apart; nothing where it has none."""
    private = {name: getattr(document, name) for name in private_fields(type(document))}
    return _encoder.encode(served(document)), _encoder.encode(private) if private else b""


def decode_document(view: View, body: bytes, private: bytes = b"") -> Document:
    """A stored document; its view's fold takes it with its private fields."""
    return msgspec.json.decode(body[:-1] + b"," + private[1:] if private else body, type=view.document)
