"""Encryption: what can be erased is stored encrypted, with a key for each data subject, and opened as it is read.

A person's name is replaced by a token. Of a record with a `data_subject`, all that it holds is one token, `sealed`,
beside the rest of its envelope. A token begins with a control character, which no told text can hold. It names the
subject by a number, and belongs to its record: it opens in no other. Where the key is gone, a name reads as `[erased]`,
and a record as one that was erased. What says no more than which record it takes back, or for whom that is, holds on.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from os import urandom
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.amendment import Amendment, Retracted
from domain.erased import ERASED
from domain.event import DomainEvent
from domain.persons import renamed
from domain.release import Released, Restricted
from infrastructure.serialization import encode, encode_event

KEY_BITS = 256
_NONCE_BYTES = 12
MARK = b"\x7f"
"""How a token begins: with DEL, which no told text can hold, and which JSON holds as it is. One byte is found fast."""
_TOKEN = re.compile(rb'"\x7f([0-9a-f]{32})\.([\w-]+={0,2})"')
_WHOLE = b',"sealed":"\x7f'
_HIDDEN = ("evidence", "reason", "data_subject")
"""What of an envelope is sealed with the facts."""
_CLEAR = ("record", "kind", "to", "groups", "consent")
"""What of an amendment is not: which record it names, and for whom that is."""
_HOLD = {Retracted.TOPIC, Restricted.TOPIC, Released.TOPIC}
"""What says no more than that, and so goes on to hold when it is erased."""


class NotSealedHere(ValueError):
    """A token does not open with its key, or in this record: the record was changed."""


class Subject(NamedTuple):
    """A data subject as the log knows it: by a number, with its key."""

    id: str
    key: bytes


def seal(event: DomainEvent, subjects: Mapping[str, Subject]) -> bytes:
    """The stored form of an event; `subjects` has those that it names."""
    own = event.envelope.id.bytes

    def token(text: bytes, subject: Subject) -> str:
        nonce = urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(subject.key).encrypt(nonce, text, own)
        return f"\x7f{subject.id}.{urlsafe_b64encode(sealed).decode()}"

    state = encode_event(renamed(event, lambda name: token(name.encode(), subjects[name])))
    if event.envelope.data_subject is None:
        return state
    told = msgspec.json.decode(state)
    clear = {name: told.pop(name) for name in ("schema", "envelope") if name in told}
    if isinstance(event, Amendment):
        clear |= {name: told.pop(name) for name in _CLEAR if name in told}
    envelope = clear["envelope"]
    told["envelope"] = {name: envelope.pop(name) for name in _HIDDEN if name in envelope}
    return encode(clear | {"sealed": token(encode(told), subjects[event.envelope.data_subject])})


class Opener:
    """Opens what was sealed: the keys of some records are fetched at once, and not kept for the next."""

    def __init__(self, keys: Callable[[Iterable[str]], dict[str, bytes]], states: Iterable[bytes]) -> None:
        """`keys` gives the keys of subjects, as far as they are there, and `states` are all that will be opened."""
        self._fetch = keys
        self._ciphers: dict[str, AESGCM | None] = {}
        self._prepare(b"".join(states))

    def opened(self, topic: str, state: bytes) -> bytes:
        """A record as it is served: what it held, or as much of it as is left. Raises `NotSealedHere`."""
        if MARK not in state:
            return state
        start = state.index(b'"id":"') + 6
        own = bytes.fromhex(state[start : start + 36].replace(b"-", b"").decode())
        if _WHOLE in state:
            state = self._opened_whole(topic, state, own)
            self._prepare(state)
        return _TOKEN.sub(lambda token: encode(self._text(token, own) or ERASED), state)

    def opened_or_not(self, topic: str, state: bytes) -> bytes:
        """The same; what does not open stays as it is."""
        try:
            return self.opened(topic, state)
        except NotSealedHere:
            return state

    def subjects(self, state: bytes) -> set[tuple[str, int]]:
        """The subjects of a stored record, each with 1 where all of it is sealed with its key, and else with 0."""
        whole = int(_WHOLE in state)
        return {(token[1].decode(), whole) for token in _TOKEN.finditer(state)}

    def is_gone(self, subject: str) -> bool:
        """Whether the key of one of these subjects is not there."""
        return self._ciphers[subject] is None

    def _opened_whole(self, topic: str, state: bytes, own: bytes) -> bytes:
        told: dict[str, Any] = msgspec.json.decode(state)
        token = _TOKEN.fullmatch(encode(told.pop("sealed")))
        text = self._text(token, own) if token else None
        if text is not None:
            hidden = msgspec.json.decode(text)
            told["envelope"] |= hidden.pop("envelope")
            return encode(told | hidden)
        if topic in _HOLD:
            told["envelope"]["reason"] = ERASED
            return encode(told)
        return encode({"erased": True} | told)

    def _prepare(self, text: bytes) -> None:
        """Fetch the keys that are not there yet, in one question."""
        missing = {token[1].decode() for token in _TOKEN.finditer(text)} - self._ciphers.keys()
        if missing:
            keys = self._fetch(missing)
            self._ciphers |= {name: _cipher(keys[name]) if name in keys else None for name in missing}

    def _text(self, token: re.Match[bytes], own: bytes) -> str | None:
        """What a token holds; nothing where its key is gone."""
        cipher = self._ciphers[token[1].decode()]
        if cipher is None:
            return None
        sealed = urlsafe_b64decode(token[2])
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], own).decode()
        except (InvalidTag, ValueError):
            raise NotSealedHere("a sealed text does not open with its key") from None


def _cipher(key: Any) -> AESGCM:
    """Where somebody has put something else in the place of a key, it opens nothing."""
    whole = isinstance(key, bytes) and len(key) * 8 == KEY_BITS
    return AESGCM(key if whole else bytes(KEY_BITS // 8))
