"""The composition root: which parts make up the service, and how they start and stop."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from fastapi import FastAPI
from pydantic import TypeAdapter

from application.command import all_commands
from infrastructure.code_version import VERSION, fold_version
from infrastructure.committer import Committer
from infrastructure.log import Log, LogReader
from infrastructure.projector import Projector, ProjectorThread
from infrastructure.replayed import Histories
from infrastructure.settings import Settings
from infrastructure.view_store import ViewReader, ViewStore
from interfaces import auditing, problems, reading, reckonings, recording, supposing

Part = Literal["recording", "reading"]

# By default an error is logged with all the values around it, which takes seconds.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
)


def now() -> datetime:
    return datetime.now(UTC)


def application(
    settings: Settings, parts: tuple[Part, ...] = ("recording", "reading"), clock: Callable[[], datetime] = now
) -> FastAPI:
    """The service, or one part of it. The recording part keeps the views; reading opens the stores read-only."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        stop = _start_recording(app, settings, clock) if "recording" in parts else None
        if "reading" in parts:
            log, histories = LogReader(settings.log_file), Histories(LogReader(settings.log_file))
            app.state.stores = reading.Stores(log, ViewReader(settings.views_file), histories, clock)
        yield
        if "reading" in parts:
            app.state.stores.close()
        if stop:
            stop()

    app = FastAPI(
        title="Parley",
        version=VERSION,
        description="The system of record for negotiations: what happened, who said so, and on what evidence.",
        lifespan=running,
        redirect_slashes=False,
    )
    problems.install(app)
    if "recording" in parts:
        app.include_router(recording.router(lambda: app.state.committer))
    if "reading" in parts:
        app.include_router(auditing.router(lambda: app.state.stores))
        app.include_router(reckonings.router(lambda: app.state.stores))
        app.include_router(supposing.router(lambda: app.state.stores))
        app.include_router(reading.router(lambda: app.state.stores))
    app.add_api_route("/healthz", healthy, methods=["GET"], tags=["operation"], summary="Whether the service runs.")
    _document(app)
    return app


def healthy() -> dict[str, Any]:
    """With the version, and that of the code that folds."""
    return {"ok": True, "version": VERSION, "fold": fold_version()}


def projector(settings: Settings, clock: Callable[[], datetime] = now) -> Projector:
    """A projector with connections of its own."""
    return Projector(LogReader(settings.log_file), ViewStore(settings.views_file), clock)


def _start_recording(app: FastAPI, settings: Settings, clock: Callable[[], datetime]) -> Callable[[], None]:
    log = Log(settings.log_file)
    views = ProjectorThread(projector(settings, clock))
    committer = Committer(log, clock, on_commit=views.wake)
    app.state.committer = committer
    committer.start()
    views.start()
    views.wake()

    def stop() -> None:
        committer.stop()
        views.stop()
        log.close()

    return stop


def _document(app: FastAPI) -> None:
    """Complete the OpenAPI document: the bodies of all commands, the documents of all views, and the problems."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = generated()
        bodies: list[Any] = [
            (name, "validation", TypeAdapter(command.body())) for name, command in all_commands().items()
        ]
        _, told = TypeAdapter.json_schemas(bodies, ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= (
            told.get("$defs", {}) | reading.schemas() | {"Problem": problems.SCHEMA, "Recorded": recording.SCHEMA}
        )
        for operations in document["paths"].values():
            for operation in operations.values():
                problems.describe(operation)
                for parameter in operation.get("parameters", ()):
                    _leave_out_null(parameter["schema"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _leave_out_null(schema: dict[str, Any]) -> None:
    """A parameter is left out, never null: its one other form is its schema."""
    told = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
    if told:
        del schema["anyOf"]
        schema |= told[0]
