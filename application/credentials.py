"""Credentials: the keys of programs, how they are made and compared, and whom they and the tokens of people stand for.

Of a key only the digest is kept. It is as random as the digest is long, so that a slow hash would add nothing.
"""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from application.access import LOCAL, OPERATOR, Identity, granted
from domain.moment import instant, is_instant
from domain.refusal import Refused

Kind = Literal["key", "person"]
Person = Annotated[
    str,
    Field(
        pattern=r"^[!-~]+$",
        max_length=255,
        description="the `sub` of the tokens that the issuer gives to a person: up to 255 letters, digits and signs",
        examples=["248289761001"],
    ),
]
SECRET_BYTES = 32
_KEY = re.compile(r"parley_([a-z0-9]+(?:-[a-z0-9]+)*)_[A-Za-z0-9_-]{43}")
_NOBODYS = "0" * 64
"""What a key of a name that nobody has is compared with, so that it takes as long as any other."""
RESERVED = frozenset({LOCAL.name, OPERATOR, "nobody"})


class NameTaken(Refused):
    """This name is or was another's; a name stands for one key or person for good, so choose another."""


class NameReserved(Refused):
    """This name stands for whoever has no identity, or for the operator; choose another."""


class AlreadyExpired(Refused):
    """A key expires at a time that is yet to come."""


class Known(NamedTuple):
    """A program or a person, as it is kept. `digest` is of a program's key; what is revoked stays on file."""

    name: str
    kind: Kind
    digest: str
    grants: tuple[str, ...]
    groups: tuple[str, ...]
    created: str
    created_by: str
    expires: str | None = None
    revoked: str | None = None
    revoked_by: str | None = None

    @property
    def identity(self) -> Identity:
        return Identity(self.name, granted(self.grants), frozenset(self.groups))

    @property
    def until(self) -> datetime | None:
        """The instant from which it counts no longer: a date counts to its end in UTC."""
        if self.expires is None:
            return None
        if is_instant(self.expires):
            return instant(self.expires)
        return datetime.combine(datetime.fromisoformat(self.expires), time(), UTC) + timedelta(days=1)


def new_key(name: str) -> str:
    """A key for a program, which nobody sees again."""
    return f"parley_{name}_{secrets.token_urlsafe(SECRET_BYTES)}"


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def named_in(key: str) -> str | None:
    """The name in a key; none where the text is no key."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def is_right(key: str, kept: str | None) -> bool:
    """Whether a digest that is kept is of a key; the comparison takes as long whatever they are."""
    return hmac.compare_digest(digest(key), kept or _NOBODYS)


def refuse_name(name: str) -> None:
    """Raise `NameReserved` for the names that stand for those without identity."""
    if name in RESERVED:
        raise NameReserved(name, "name")
