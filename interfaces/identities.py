"""Identities over HTTP, for administrators: the keys of programs, and what people may do."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from application.access import Identity, operations
from application.administering import may_change
from application.credentials import Kind, Known, Person
from domain.text import Slug
from infrastructure.access import AccessStore
from infrastructure.serialization import encode
from interfaces import problems, telling
from interfaces.granting import KnownKey, KnownPerson, MadeKey, NewKey, NewPerson, made, put, shown
from interfaces.problems import Problem
from interfaces.stores import identity_of

BODY_MAX_BYTES = 64 * 1024

_log = structlog.get_logger()


Told = TypeVar("Told", bound=NewPerson)


class Administering:
    """What one administrator may do about those who are known."""

    def __init__(self, store: AccessStore, identity: Identity, operation: str, now: datetime) -> None:
        """Raises a problem where it is no administrator."""
        if not identity.may_anywhere(operation):
            raise problems.not_permitted(identity.name, operation, operations()[operation])
        self._store, self._identity, self._operation, self._now = store, identity, operation, now

    def list(self, kind: Kind) -> dict[str, Any]:
        known = [known for known in self._store.all() if known.kind == kind and self._is_its_own(known)]
        return {"items": list(map(shown, known))}

    def create(self, told: NewKey) -> dict[str, Any]:
        self._refuse_beyond(told)
        return self._noted(told.name, made(self._store, told, self._now, self._identity.name))

    def set(self, subject: str, told: NewPerson) -> dict[str, Any]:
        self._refuse_oneself(subject)
        self._refuse_beyond(told)
        before = self._store.find(subject, "person")
        if before and not before.revoked and not self._is_its_own(before):
            raise _beyond()
        return self._noted(subject, put(self._store, subject, told, self._now, self._identity.name))

    def revoke(self, kind: Kind, name: str) -> dict[str, Any]:
        if kind == "person":
            self._refuse_oneself(name)
        revoke = self._store.revoke_key if kind == "key" else self._store.remove_person
        known = self._store.find(name, kind)
        if known is None or not self._is_its_own(known) or not revoke(name, self._now, self._identity.name):
            raise Problem(404, "not-found", f"There is no {kind} of this name who is known and not revoked.")
        told = known._replace(revoked=self._now.isoformat(), revoked_by=self._identity.name)
        return self._noted(name, shown(told))

    def _is_its_own(self, known: Known) -> bool:
        return may_change(self._identity, self._operation, known.grants, known.groups)

    def _refuse_beyond(self, told: NewPerson) -> None:
        if not may_change(self._identity, self._operation, told.grants, told.groups):
            raise _beyond()

    def _refuse_oneself(self, subject: str) -> None:
        if subject == self._identity.name:
            raise Problem(403, "not-to-oneself", "What an administrator is granted another administrator changes.")

    def _noted(self, name: str, answer: dict[str, Any]) -> dict[str, Any]:
        """The store keeps it as well, with who did it."""
        told = {field: answer[field] for field in ("grants", "groups")}
        _log.info("who is known has changed", who=self._identity.name, what=self._operation, name=name, **told)
        return answer


def _beyond() -> Problem:
    detail = "An administrator of some negotiations gives and takes grants there alone, and no groups."
    return Problem(403, "beyond-its-negotiations", detail)


def router(store: Callable[[], AccessStore], clock: Callable[[], datetime]) -> APIRouter:
    """The routes of administrators."""
    routes = APIRouter(tags=["administering"])

    def administering(request: Request) -> Administering:
        return Administering(store(), identity_of(request), request.scope["route"].operation_id, clock())

    async def list_keys(request: Request) -> Response:
        return await _answer(administering(request).list, "key")

    async def create_key(request: Request) -> Response:
        administrator = administering(request)
        return await _answer(administrator.create, await _told(request, NewKey), status=201)

    async def revoke_key(request: Request, name: Slug) -> Response:
        return await _answer(administering(request).revoke, "key", name)

    async def list_people(request: Request) -> Response:
        return await _answer(administering(request).list, "person")

    async def set_person(request: Request, subject: Annotated[Person, Path()]) -> Response:
        administrator = administering(request)
        return await _answer(administrator.set, subject, await _told(request, NewPerson))

    async def remove_person(request: Request, subject: Annotated[Person, Path()]) -> Response:
        return await _answer(administering(request).revoke, "person", subject)

    def route(method: str, path: str, endpoint: Any, summary: str, answer: type, body: type | None = None) -> None:
        """Named as its endpoint is."""
        schema: dict[str, Any] = _ref(answer)
        if method == "GET":
            items = {"type": "array", "items": schema}
            schema = {"type": "object", "properties": {"items": items}, "required": ["items"]}
        status = 201 if method == "POST" else 200
        told = {"required": True, "content": {"application/json": {"schema": _ref(body)}}} if body else None
        routes.add_api_route(
            path,
            endpoint,
            methods=[method],
            status_code=status,
            operation_id=endpoint.__name__.replace("_", "-"),
            summary=summary,
            response_class=Response,
            responses={status: {"description": summary, "content": {"application/json": {"schema": schema}}}},
            openapi_extra={"requestBody": told} if told else None,
        )

    route("GET", "/v1/keys", list_keys, "The keys of programs, also those that were revoked.", KnownKey)
    route("POST", "/v1/keys", create_key, "A new key, shown this once.", MadeKey, NewKey)
    route("DELETE", "/v1/keys/{name}", revoke_key, "Let a key count no longer.", KnownKey)
    route("GET", "/v1/people", list_people, "What people are granted.", KnownPerson)
    one = "/v1/people/{subject:path}"
    route("PUT", one, set_person, "Grant a person all of this, and nothing else.", KnownPerson, NewPerson)
    route("DELETE", one, remove_person, "Take all that was granted from a person.", KnownPerson)
    return routes


async def _answer(work: Callable[..., dict[str, Any]], *told: Any, status: int = 200) -> Response:
    """What some work comes to, which waits for the disk; nobody on the way keeps it."""
    body = await run_in_threadpool(work, *told)
    return Response(encode(body), status, {"Cache-Control": "no-store"}, "application/json")


async def _told(request: Request, kind: type[Told]) -> Told:
    raw = await telling.read_body(request, BODY_MAX_BYTES, telling.ONE)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise problems.of_validation(error) from None


def _ref(model: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
