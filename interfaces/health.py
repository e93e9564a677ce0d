"""Whether the service runs, whether its answers are up to date, and what stands in the way."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from infrastructure.code_version import VERSION, fold_version
from infrastructure.log import LogReader
from infrastructure.view_reader import NotBuilt, ViewReader
from interfaces.stores import identity_of


def router(
    log: Callable[[], LogReader], views: Callable[[], ViewReader | None], clock: Callable[[], datetime]
) -> APIRouter:
    """The routes for whoever operates the service."""
    routes = APIRouter(tags=["operation"])

    async def ready(request: Request) -> JSONResponse:
        """200 where requests can be served; 503 while the views are being made from the log. In full for operators."""
        document = readiness(log(), views(), clock())
        if not identity_of(request).may_anywhere("readiness-in-full"):
            document = {"ready": document["ready"]}
        return JSONResponse(document, 200 if document["ready"] else 503)

    def get(path: str, name: str, endpoint: Any, summary: str) -> None:
        routes.add_api_route(path, endpoint, methods=["GET"], operation_id=name, summary=summary)

    get("/healthz", "healthy", healthy, "Whether the service runs.")
    get("/readyz", "ready", ready, "How far the views are behind, and what is missing in them.")
    return routes


async def healthy() -> dict[str, Any]:
    """With the version, and that of the code that folds."""
    return {"ok": True, "version": VERSION, "fold": fold_version()}


def readiness(log: LogReader, views: ViewReader | None, now: datetime) -> dict[str, Any]:
    """How far the log goes, by how much the clock is behind it and, where views are served, how far they follow it and
    which records they lack.
    """
    head = log.head()
    last = log.recorded_after(head - 1)
    clock = {"behind_seconds": max(0.0, (last - now).total_seconds()) if last else 0.0}
    if views is None:
        return {"ready": True, "head": head, "clock": clock}
    try:
        position, parked = views.position(), views.parked()
    except NotBuilt:
        none = {"position": 0, "behind": {"records": head, "seconds": None}, "parked": []}
        return {"ready": False, "head": head, "clock": clock} | none
    waiting = log.recorded_after(position)
    seconds = max(0.0, (now - waiting).total_seconds()) if waiting else 0.0
    return {
        "ready": True,
        "head": head,
        "clock": clock,
        "position": position,
        "behind": {"records": max(0, head - position), "seconds": seconds},
        "parked": [one._asdict() for one in parked],
    }
