"""What is told about keys and people, and what is answered: over HTTP, and by the command line on the store itself."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from application.access import Grant, Group
from application.credentials import AlreadyExpired, Known, digest, new_key
from domain.moment import Asked
from domain.text import Slug
from infrastructure.access import AccessStore


def _once(told: list[str]) -> list[str]:
    """Each once, in order."""
    return sorted(set(told))


Grants = Annotated[list[Grant], Field(min_length=1, max_length=100), AfterValidator(_once)]
Groups = Annotated[
    list[Group],
    Field(max_length=100, description="those whose restricted records may be seen"),
    AfterValidator(_once),
]


class NewPerson(BaseModel):
    """All that a person is granted: what is not told here is taken."""

    model_config = ConfigDict(extra="forbid", strict=True)
    grants: Grants
    groups: Groups = []


class NewKey(NewPerson):
    """A key for a program."""

    name: Annotated[Slug, Field(description="the program's name, under which it records")]
    expires: Annotated[Asked | None, Field(description="a date, taken whole in UTC, or an instant")] = None


class KnownPerson(BaseModel):
    """A person, and who granted what when; one who was removed stays on file."""

    subject: str
    grants: list[str]
    groups: list[str]
    created: str
    created_by: str
    revoked: str | None
    revoked_by: str | None


class KnownKey(BaseModel):
    """A key without its secret, of which only a digest is kept; one that was revoked stays on file."""

    name: str
    grants: list[str]
    groups: list[str]
    expires: str | None
    created: str
    created_by: str
    revoked: str | None
    revoked_by: str | None


class MadeKey(KnownKey):
    """A new key, in the one answer that has it."""

    key: str


def made(store: AccessStore, told: NewKey, now: datetime, by: str) -> dict[str, Any]:
    """A new key, kept by its digest: this answer alone has the key itself. Raises `Refused`."""
    key, grants, groups = new_key(told.name), tuple(told.grants), tuple(told.groups)
    known = Known(told.name, "key", digest(key), grants, groups, now.isoformat(), by, told.expires)
    if known.until and known.until <= now:
        raise AlreadyExpired(told.expires, "expires")
    store.add_key(known)
    return MadeKey(key=key, **shown(known)).model_dump()


def put(store: AccessStore, subject: str, told: NewPerson, now: datetime, by: str) -> dict[str, Any]:
    """What a person is granted from now on. Raises `Refused`."""
    known = Known(subject, "person", "", tuple(told.grants), tuple(told.groups), now.isoformat(), by)
    store.set_person(known)
    return shown(known)


def shown(known: Known) -> dict[str, Any]:
    """One who is known, without what is kept of a key."""
    told = known._asdict()
    if known.kind == "key":
        return KnownKey(**told).model_dump()
    return KnownPerson(subject=known.name, **told).model_dump()


def schemas() -> dict[str, Any]:
    """The JSON schemas of what is told and answered here, by name."""
    models: list[Any] = [
        (kind.__name__, "validation", TypeAdapter(kind)) for kind in (NewKey, NewPerson, KnownKey, KnownPerson, MadeKey)
    ]
    _, told = TypeAdapter.json_schemas(models, ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = told.get("$defs", {})
    return found
