"""The composition root: which parts make up the service, and how they start and stop."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from opentelemetry.trace import Tracer
from pydantic import TypeAdapter

from application.access import OPEN
from application.command import all_commands
from infrastructure.access import AccessStore, Read
from infrastructure.code_version import VERSION
from infrastructure.committer import CommitQueue, Committer
from infrastructure.identities import Identities
from infrastructure.issuer import Issuer
from infrastructure.keeping import ProjectorThread
from infrastructure.log import Log, LogReader
from infrastructure.oidc import Tokens
from infrastructure.projector import Projector
from infrastructure.replayed import Histories
from infrastructure.sealing import Sealing, TreeThread
from infrastructure.settings import Settings
from infrastructure.today import TodayReader
from infrastructure.tracing import TracedProjector, TracedQueue
from infrastructure.view_reader import ViewReader
from infrastructure.witnesses import Witnesses
from interfaces import (
    auditing,
    granting,
    health,
    identities,
    metrics,
    problems,
    proofs,
    reading,
    reckonings,
    recording,
    supposing,
)
from interfaces.gate import Gate, Guard
from interfaces.limits import Limits
from interfaces.shortcut import Shortcut
from interfaces.stores import Journal, Seen, Stores, seen
from interfaces.tracing import Traced
from interfaces.watching import Watch, Watched

Part = Literal["recording", "projecting", "reading"]
EVERYTHING: tuple[Part, ...] = ("recording", "projecting", "reading")
PATIENCE_SECONDS = 1.0
"""How long a start waits for the views: those of a small store are up to date with the first answer."""


def now() -> datetime:
    return datetime.now(UTC)


def application(
    settings: Settings,
    parts: tuple[Part, ...] = EVERYTHING,
    clock: Callable[[], datetime] = now,
    guarded: bool = False,
    watch: Watch | None = None,
) -> FastAPI:
    """The service, or some parts of it; reading opens the stores read-only. One that others can reach is guarded."""
    watch = watch or Watch()

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as started:
            app.state.access = AccessStore(settings.store())
            started.callback(app.state.access.close)
            if guarded:
                _guard(app, settings, clock, started)
            await _start(app, settings, parts, clock, watch.tracer, started)
            yield

    def ask(request: Request) -> Seen:
        return seen(app.state.stores, request)

    app = FastAPI(
        title="Parley",
        version=VERSION,
        description="The system of record for negotiations: what happened, who said so, and on what evidence.",
        lifespan=running,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # there are our own
        redirect_slashes=False,
        redoc_url=None,
    )
    problems.install(app)
    recorder = recording.Recording(lambda: app.state.queue) if "recording" in parts else None
    # The routes are gone through one by one: what is asked for most stands first, and commands take the shortcut.
    if "reading" in parts:
        for part in (reading, reckonings, supposing):
            app.include_router(part.router(ask))
        app.include_router(auditing.router(ask, lambda: app.state.access))
        app.include_router(proofs.router(ask, lambda: app.state.proofs))
    if recorder:
        app.include_router(recording.router(recorder))
        app.include_router(identities.router(lambda: app.state.access, clock))
    app.include_router(health.router(lambda: app.state.log, lambda: app.state.views, clock))
    app.include_router(
        metrics.router(
            watch,
            (lambda: app.state.queue) if recorder else lambda: None,
            lambda: health.readiness(app.state.log, app.state.views, clock()),
        )
    )
    stores = (lambda: app.state.stores) if "reading" in parts else None
    app.add_middleware(Shortcut, recording=recorder, stores=stores)
    if guarded:
        app.add_middleware(Gate, guard=lambda: app.state.guard)
    _watch(app, watch)
    _document(app, guarded)
    return app


def projector(settings: Settings, clock: Callable[[], datetime] = now, tracer: Tracer | None = None) -> Projector:
    """A projector with connections of its own."""
    database = settings.store()
    return TracedProjector(database, clock, tracer) if tracer else Projector(database, clock)


def _guard(app: FastAPI, settings: Settings, clock: Callable[[], datetime], started: AsyncExitStack) -> None:
    """Know who asks."""
    known, tokens = Identities(app.state.access), None
    started.callback(known.stop)
    if settings.oidc_issuer:
        issuer = Issuer(settings.oidc_issuer)
        started.push_async_callback(issuer.close)
        tokens = Tokens(issuer, str(settings.oidc_audience), clock)
    limits = Limits(settings.requests_a_second, settings.requests_at_once)
    app.state.guard = Guard(known, clock, limits, tokens)


def tree(settings: Settings) -> TreeThread:
    """What keeps the tree over the log and seals it, once it is started."""

    def sealing() -> Sealing:
        return Sealing(settings.signer(), settings.seal_seconds, Witnesses(settings.witness_url, settings.witness_file))

    return TreeThread(settings.store(), sealing)


async def _start(
    app: FastAPI,
    settings: Settings,
    parts: tuple[Part, ...],
    clock: Callable[[], datetime],
    tracer: Tracer | None,
    started: AsyncExitStack,
) -> None:
    """Start the parts; what is started last is stopped first."""
    database = settings.store()
    if "recording" in parts:
        log = Log(database)
        started.callback(log.close)
    if "projecting" in parts:
        views = ProjectorThread(projector(settings, clock, tracer), database.news())
        views.start()
        started.callback(views.stop)
        growing = tree(settings)
        growing.start()
        started.callback(growing.stop)
        await run_in_threadpool(views.up_to_date.wait, PATIENCE_SECONDS)
    if "recording" in parts:
        app.state.queue = TracedQueue(log, clock, tracer) if tracer else CommitQueue(Committer(log, clock))
        started.push_async_callback(app.state.queue.stop)
    app.state.log, app.state.views = LogReader(database), None
    started.callback(app.state.log.close)
    if "reading" in parts:
        journal = _journal(app.state.access) if hasattr(app.state, "guard") else lambda *_: None
        app.state.views, today, past = ViewReader(database), TodayReader(database), LogReader(database)
        started.callback(past.close)
        app.state.stores = Stores(app.state.log, app.state.views, today, Histories(past), clock, journal)
        app.state.proofs = proofs.Proofs(database)
        started.callback(app.state.proofs.close)
        started.callback(app.state.stores.close)


def _journal(access: AccessStore) -> Journal:
    def note(at: datetime, who: str, negotiation: str, address: str, records: list[str]) -> None:
        access.record_reads([Read(at.isoformat(), who, negotiation, address, tuple(records))])

    return note


def _watch(app: FastAPI, watch: Watch) -> None:
    """Stand before all else, also before what answers an error that nobody foresaw."""
    build, tracer = app.build_middleware_stack, watch.tracer
    traced = (lambda: Traced(build(), tracer)) if tracer else build
    app.build_middleware_stack = lambda: Watched(traced(), watch)  # type: ignore[method-assign]


def _document(app: FastAPI, guarded: bool) -> None:
    """Complete the OpenAPI document: the bodies of commands, the documents of views, problems, and who has to ask."""
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
            told.get("$defs", {})
            | reading.schemas()
            | granting.schemas()
            | {"Problem": problems.SCHEMA, "Recorded": recording.SCHEMA}
        )
        if guarded:
            document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for operations in document["paths"].values():
            for operation in operations.values():
                if guarded and operation["operationId"] not in OPEN:
                    operation["security"] = [{"bearer": []}]
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
