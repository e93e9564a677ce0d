"""Checkpoints in signed notes, as C2SP describes them (tlog-checkpoint, signed-note), with Ed25519.

A checkpoint says of which log it is (its origin), how many records that has, and the root over them. A key has the
origin as its name, and is written as Go's `note` package writes it: `name+hash+key` to check with, and
`PRIVATE+KEY+name+hash+key` to sign with.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_SIGNATURE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/=]+)")
NAME_PATTERN = r"[^\s+]{1,200}"
NOTE_MAX_BYTES = 100_000


class NotANote(Exception):
    """A text is no signed checkpoint, or no key; the message says why, for people."""


class NotSigned(Exception):
    """A note has no good signature by a key."""


class Checkpoint(NamedTuple):
    """How far a log goes, and the root over its records."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signature(NamedTuple):
    name: str
    key_hash: bytes
    signature: bytes

    @property
    def signer(self) -> str:
        """Which key it is by: `name+hash`."""
        return _signer(self)


class Note(NamedTuple):
    """A text and its signatures; whose they are and whether they are good is another question."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        """What the text says; lines after the third are extensions of others. Raises `NotANote`."""
        try:
            origin, size, root, *_ = self.text.split("\n")[:-1]
            told = Checkpoint(origin, int(size), _decoded(root))
        except ValueError:
            raise NotANote("It is no checkpoint: it needs an origin, a size and a root, each on a line.") from None
        if not self.text.startswith(str(told)) or len(told.root) != 32 or not origin:
            raise NotANote("It is no checkpoint: its size or its root is not written as it should be.")
        return told

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(_line, self.signatures))


class Verifier(NamedTuple):
    """A key to check signatures with."""

    name: str
    key: bytes

    @classmethod
    def parse(cls, told: str) -> "Verifier":
        """From `name+hash+key`. Raises `NotANote`."""
        return cls(*_key(told.strip()))

    @property
    def key_hash(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + _ED25519 + self.key).digest()[:4]

    @property
    def signer(self) -> str:
        """Which key it is: `name+hash`."""
        return _signer(self)

    def __str__(self) -> str:
        return f"{self.signer}+{base64.b64encode(_ED25519 + self.key).decode()}"

    def check(self, note: Note) -> None:
        """Raise `NotSigned` where a note has no good signature by this key."""
        own = [one for one in note.signatures if (one.name, one.key_hash) == (self.name, self.key_hash)]
        if not own:
            others = ", ".join(sorted({one.name for one in note.signatures}))
            raise NotSigned(f"It is not signed by {self.name} with this key, but by {others}.")
        try:
            for one in own:
                Ed25519PublicKey.from_public_bytes(self.key).verify(one.signature, note.text.encode())
        except InvalidSignature:
            raise NotSigned(f"The signature by {self.name} does not go with this text: it was changed.") from None


class Signer:
    """A key to sign with. Nothing shows what it is."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.verifier = Verifier(name, key.public_key().public_bytes_raw())
        self._key = key

    @classmethod
    def new(cls, name: str) -> "Signer":
        if not re.fullmatch(NAME_PATTERN, name):
            raise NotANote("A key's name, the log's origin, has no spaces and no plus signs, and up to 200 letters.")
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, secret: str) -> "Signer":
        """From `PRIVATE+KEY+name+hash+key`. Raises `NotANote`, which repeats nothing of it."""
        told = secret.strip()
        if not told.startswith(_PRIVATE):
            raise NotANote("It is no private key: that begins with PRIVATE+KEY+.")
        try:
            name, seed = _key(told.removeprefix(_PRIVATE), private=True)
        except NotANote:
            raise NotANote("It is no private key: it was cut off or changed.") from None
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    def secret(self) -> str:
        """What a key file holds."""
        key = base64.b64encode(_ED25519 + self._key.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.verifier.signer}+{key}"

    def sign(self, checkpoint: Checkpoint) -> Note:
        signature = self._key.sign(str(checkpoint).encode())
        return Note(str(checkpoint), (Signature(self.verifier.name, self.verifier.key_hash, signature),))


def parse(told: str) -> Note:
    """A signed note. Raises `NotANote`."""
    text, blank, signatures = told.rpartition("\n\n")
    if not blank or not signatures.endswith("\n") or len(told) > NOTE_MAX_BYTES:
        raise NotANote("It is no signed note: after the text and an empty line come the signatures, each on a line.")
    return Note(f"{text}\n", tuple(_signatures(signatures)))


def _signatures(lines: str) -> Iterator[Signature]:
    for line in lines.removesuffix("\n").split("\n"):
        found = _SIGNATURE.fullmatch(line)
        if not found:
            raise NotANote("A line of its signatures does not look like one: — name signature.")
        try:
            told = _decoded(found[2])
        except ValueError:
            raise NotANote("One of its signatures is no base64.") from None
        yield Signature(found[1], told[:4], told[4:])


def _signer(one: Signature | Verifier) -> str:
    return f"{one.name}+{one.key_hash.hex()}"


def _line(one: Signature) -> str:
    return f"— {one.name} {base64.b64encode(one.key_hash + one.signature).decode()}\n"


def _key(told: str, *, private: bool = False) -> tuple[str, bytes]:
    """The name and the bytes of a key, of which the hash tells whether they go together."""
    try:
        name, key_hash, encoded = told.split("+", 2)
        kind_and_key = _decoded(encoded)
        key = kind_and_key[1:]
        public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw() if private else key
        good = kind_and_key[:1] == _ED25519 and len(key) == 32 and Verifier(name, public).key_hash.hex() == key_hash
    except ValueError:
        good = False
    if not good or not re.fullmatch(NAME_PATTERN, name):
        raise NotANote("It is no key to check signatures with: that is name+hash+key, as `parley seal --new-key` says.")
    return name, key


def _decoded(told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
