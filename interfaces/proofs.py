"""Proofs over HTTP: the checkpoints that were sealed, that a record is in the tree, and that the tree only grew.

Hashes are in base64, as in a checkpoint. Nothing here writes.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from infrastructure.canonical import NotARecord, leaf
from infrastructure.database import Database, StoreRefused
from infrastructure.log import LogRow
from infrastructure.merkle import leaf_hash
from infrastructure.proof_store import ProofReader, Sealed
from infrastructure.serialization import encode
from interfaces import answering
from interfaces.answering import answer
from interfaces.asking import Asked, IfNoneMatch
from interfaces.problems import Problem
from interfaces.reading import Ask

Size = Annotated[int, Field(ge=1, le=2**62)]
_NOTE: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_TEXT = {"type": "string"}
_HASH = {"type": "string", "description": "SHA-256, in base64"}
_CHECKPOINT = {"type": ["string", "null"], "description": "the signed note (C2SP), where one of that size was sealed"}


class AskedInclusion(Asked):
    """In the tree of how many records."""

    size: Annotated[
        Size | None, Field(description="without it that of the last checkpoint, or the whole tree if it is not in that")
    ] = None


class AskedConsistency(Asked):
    """From how many records to how many."""

    first: Annotated[Size, Field(alias="from")]
    second: Annotated[Size, Field(alias="to")]


class AskedCheckpoints(Asked):
    """Which of the checkpoints."""

    after: Annotated[int, Field(ge=0, le=2**62, description="the size after which to go on")] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Proofs:
    """The proofs, opened when they are first asked for: whoever keeps the tree may come later."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader: ProofReader | None = None

    def reader(self) -> ProofReader:
        """Raises a problem where there is no tree yet."""
        if self._reader is None:
            try:
                self._reader = ProofReader(self._database)
            except StoreRefused:
                detail = "There is no tree over the log yet: `parley serve` or `parley project` grows it."
                raise Problem(503, "not-there-yet", detail, headers={"Retry-After": "1"}) from None
        return self._reader

    def close(self) -> None:
        if self._reader:
            self._reader.close()


def router(stores: Ask, proofs: Callable[[], Proofs]) -> APIRouter:
    """The routes for whoever checks the log."""
    routes = APIRouter(tags=["proofs"])

    async def latest(request: Request, if_none_match: IfNoneMatch = None) -> Response:
        stores(request)
        last = proofs().reader().latest()
        if last is None:
            raise Problem(404, "not-found", "No checkpoint was sealed yet: that takes a PARLEY_SIGNING_KEY.")
        return answer(last.note.encode(), last.size, if_none_match, "text/plain")

    async def listed(
        request: Request, asked: Annotated[AskedCheckpoints, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        stores(request)
        reader = proofs().reader()
        found = reader.checkpoints(asked.after, asked.limit + 1)
        page = found[: asked.limit]
        items = [encode({"size": one.size, "sealed": one.sealed, "note": one.note}) for one in page]
        following = str(page[-1].size) if len(found) > len(page) else None
        return answer(answering.as_page(items, following), reader.size(), if_none_match)

    async def inclusion(
        request: Request, id: UUID, asked: Annotated[AskedInclusion, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        row = await store.record_as_stored(id)
        reader = proofs().reader()
        await store.wait_for(max(row.position, asked.min_position or 0), reader.size)
        return answer(encode(_included(reader, str(id), row, asked.size)), reader.size(), if_none_match)

    async def consistency(
        request: Request, asked: Annotated[AskedConsistency, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        reader = proofs().reader()
        await stores(request).wait_for(asked.min_position, reader.size)
        if asked.first > asked.second:
            raise Problem(422, "to-before-from", f"to: {asked.second} records are fewer than {asked.first}.")
        tree = reader.tree()
        _refuse_beyond(asked.second, tree.size, "to")
        sides = [
            {"size": size, "root": _told(tree.root(size)), "checkpoint": _note(reader.of_size(size))}
            for size in (asked.first, asked.second)
        ]
        path = list(map(_told, tree.consistency(asked.first, asked.second)))
        return answer(encode({"from": sides[0], "to": sides[1], "path": path}), tree.size, if_none_match)

    def get(path: str, name: str, endpoint: Any, summary: str, content: dict[str, Any]) -> None:
        answering.get(routes, path, name, endpoint, summary, content)

    get("/v1/checkpoints/latest", "show-latest-checkpoint", latest, "The last checkpoint, a signed note.", _NOTE)
    get("/v1/checkpoints", "list-checkpoints", listed, "The checkpoints that were sealed, the smallest first.", _PAGE)
    get(
        "/v1/proofs/inclusion/{id:uuid}",
        "prove-inclusion",
        inclusion,
        "The proof that a record is in the tree (RFC 9162, 2.1.3).",
        _INCLUSION,
    )
    get(
        "/v1/proofs/consistency",
        "prove-consistency",
        consistency,
        "The proof that the tree of more records goes on from that of fewer (RFC 9162, 2.1.4).",
        _CONSISTENCY,
    )
    return routes


def _included(reader: ProofReader, id: str, row: LogRow, asked: int | None) -> dict[str, Any]:
    position, topic, state, _ = row
    tree, last = reader.tree(), reader.latest()
    size = asked or (last.size if last and last.size >= position else tree.size)
    _refuse_beyond(size, tree.size, "size")
    if size < position:
        raise Problem(
            422, "not-in-that-tree", f"size: The record is at position {position}, and that tree has {size} records."
        )
    try:
        form = leaf(topic, state)
    except NotARecord:
        form = b""
    if leaf_hash(form) != tree.leaf(position - 1):
        raise Problem(500, "record-altered", f"The record {id} is not the one that was put into the tree.")
    return {
        "record": id,
        "leaf": form.decode(),
        "hash": _told(leaf_hash(form)),
        "index": position - 1,
        "size": size,
        "root": _told(tree.root(size)),
        "path": list(map(_told, tree.inclusion(position - 1, size))),
        "checkpoint": _note(reader.of_size(size)),
    }


def _refuse_beyond(size: int, reached: int, field: str) -> None:
    if size > reached:
        raise Problem(422, "beyond-the-tree", f"{field}: The tree has {reached} records so far.")


def _told(hash: bytes) -> str:
    return b64encode(hash).decode()


def _note(sealed: Sealed | None) -> str | None:
    return sealed and sealed.note


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


_PATH = {"type": "array", "items": _HASH}
_SIDE = _object(size={"type": "integer"}, root=_HASH, checkpoint=_CHECKPOINT)
_PAGE = _json(
    _object(
        items={"type": "array", "items": _object(size={"type": "integer"}, sealed=_TEXT, note=_TEXT)},
        next={"type": ["string", "null"]},
    )
)
_INCLUSION = _json(
    _object(
        record=_TEXT,
        leaf={"type": "string", "description": "the record's canonical form (RFC 8785), as it is hashed"},
        hash=_HASH,
        index={"type": "integer", "description": "from 0: one less than the record's position"},
        size={"type": "integer"},
        root=_HASH,
        path=_PATH,
        checkpoint=_CHECKPOINT,
    )
)
_CONSISTENCY = _json(_object(**{"from": _SIDE, "to": _SIDE, "path": _PATH}))
