"""Identities over HTTP, for administrators: the keys of programs, and what people may do."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from application.access import Grant, Group
from application.credentials import AlreadyExpired, Known, Person, digest, new_key
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

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"title": "NewPerson"})
    grants: Grants
    groups: Groups = []


class NewKey(NewPerson):
    """A key for a program."""

    model_config = ConfigDict(json_schema_extra={"title": "NewKey"})
    name: Annotated[Slug, Field(description="the program's name, under which it records")]
    expires: Annotated[Asked | None, Field(description="a date, taken whole in UTC, or an instant")] = None


def made(store: AccessStore, told: NewKey, now: datetime, by: str) -> dict[str, Any]:
    """A new key, kept by its digest: this answer alone has the key itself. Raises `Refused`."""
    key = new_key(told.name)
    known = Known(
        told.name, "key", digest(key), tuple(told.grants), tuple(told.groups), now.isoformat(), by, told.expires
    )
    if known.until and known.until <= now:
        raise AlreadyExpired(told.expires, "expires")
    store.add_key(known)
    return shown(known) | {"key": key}


def put(store: AccessStore, subject: Person, told: NewPerson, now: datetime, by: str) -> dict[str, Any]:
    """What a person is granted from now on. Raises `Refused`."""
    known = Known(subject, "person", "", tuple(told.grants), tuple(told.groups), now.isoformat(), by)
    store.set_person(known)
    return shown(known)


def shown(known: Known) -> dict[str, Any]:
    """One who is known, without what is kept of a key; of people without what only keys have."""
    told = known._asdict()
    del told["digest"], told["kind"]
    if known.kind == "person":
        told["subject"] = told.pop("name")
        del told["expires"]
    return told


Now = Callable[[], datetime]
