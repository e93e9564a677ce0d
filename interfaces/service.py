"""The commands that run the service: serve, project, migrate, rebuild, retry."""

import socket
from contextlib import closing, nullcontext
from typing import Annotated, Literal

import typer

from infrastructure import migrating
from infrastructure.access import AccessStore
from infrastructure.database import Database
from infrastructure.log import Log, LogReader
from infrastructure.settings import Settings, is_loopback
from infrastructure.tracing import tracer_of
from infrastructure.view_reader import ViewReader
from infrastructure.view_store import ViewStore
from interfaces import http_server, logs
from interfaces.main import Part, application, projector
from interfaces.projecting import keep, keeper, views_kept
from interfaces.stopping import end_cleanly_when_told
from interfaces.terminal import err, fail, out, progress, settings, usable_store
from interfaces.watching import Watch

app = typer.Typer()
OPEN = (
    "It runs open: whoever is on this machine may read and record all."
    " `parley keys create NAME --role administrator:*` ends that at once."
)
NOBODY_KNOWN = (
    "On {host} others could reach the service, and nobody is known yet: it does not start. Make a first key with"
    " `parley keys create NAME --role administrator:*`, or set PARLEY_OIDC_ISSUER and PARLEY_OIDC_AUDIENCE."
)
Port = Annotated[int, typer.Option(envvar="PORT", min=0, max=65_535)]


@app.command()
def serve(
    only: Annotated[Literal["recording", "reading"] | None, typer.Option(help="One part alone.")] = None,
    host: str = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve the HTTP interface until it is stopped. All of it also keeps the views; one part needs `parley project`."""
    end_cleanly_when_told()
    chosen = settings()
    parts: tuple[Part, ...] = (only,) if only else ("recording", "reading")
    with usable_store():
        _try_store(chosen.store(), parts)
        is_open = _is_open(chosen, host)
        if not only:
            chosen.signer()  # a key that cannot be used is told at once; the parts alone seal nothing
    _refuse_taken(host, port)
    err.print(
        f"Parley serves {only or 'recording and reading'} on http://{host}:{port} from {chosen.store()}", soft_wrap=True
    )
    if is_open:
        err.print(OPEN, soft_wrap=True, markup=False, highlight=False)
    _log_as_told(chosen)
    watch = Watch(tracer_of(), logs=True)
    with nullcontext() if only else views_kept(chosen):
        service = application(chosen, parts, guarded=True, watch=watch)
        http_server.run(service, host, port, watch.turned_away)


@app.command()
def project() -> None:
    """Keep the views live until stopped; a second one stands by, and takes over when the first ends."""
    end_cleanly_when_told()
    chosen = settings()
    with usable_store():
        kept = keeper(chosen)
    _log_as_told(chosen)
    err.print(f"Parley keeps the views of {chosen.store()}, or stands by while another process does", soft_wrap=True)
    keep(kept)


@app.command()
def migrate() -> None:
    """Make the tables of the database, or bring them to this version."""
    with usable_store():
        database = settings().store()
        migrating.migrate(database)
    out.print(f"{database} is of this version.")


@app.command()
def rebuild() -> None:
    """Make all views anew from the log, beside those that serve, and let them take their place."""
    with usable_store():
        chosen = settings()
        with closing(LogReader(chosen.store())) as log:
            total = log.head()
        rebuilding = projector(chosen)
        with progress("records") as bar:
            task = bar.add_task("rebuilding", total=total)
            for count in rebuilding.rebuild():
                bar.advance(task, count)
        rebuilding.close()
    out.print(f"All views rest on {total} records.")


@app.command()
def retry() -> None:
    """Try again to fold the records that could not be folded."""
    with usable_store():
        chosen = settings()
        database = chosen.store()
        with (
            closing(projector(chosen)) as trying,
            closing(ViewStore(database)) as store,
            closing(ViewReader(database)) as views,
        ):
            before = len(views.parked())
            serving = store.serving()
            if serving:
                store.documents(serving.number).retry()
            trying.catch_up()
            after = len(views.parked())
    out.print(f"{before - after} of {before} parked records are folded.")


def _is_open(chosen: Settings, host: str) -> bool:
    """Whether nobody is known yet. Ends with one sentence where others than this machine could ask then."""
    with closing(AccessStore(chosen.store(), writes=False)) as access:
        if chosen.oidc_issuer or access.version():
            return False
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host or None, 0, flags=socket.AI_PASSIVE)}
    except OSError as error:
        raise typer.Exit(fail(f"{host} cannot be listened on: {error.strerror}.")) from None
    if not all(map(is_loopback, addresses)):
        raise typer.Exit(fail(NOBODY_KNOWN.format(host=host or "all addresses")))
    return True


def _log_as_told(chosen: Settings) -> None:
    logs.configure(chosen.log)
    logs.take_in_others(chosen.log)


def _refuse_taken(host: str, port: int) -> None:
    """End with one sentence where another process listens already."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(address)
        except OSError as error:
            said = f"Port {port} of {host} cannot be had: {error.strerror}. --port or PORT chooses another."
            raise typer.Exit(fail(said)) from None


def _try_store(database: Database, parts: tuple[Part, ...]) -> None:
    """Open what the parts need once before they serve, so that a failure is one sentence."""
    (Log if "recording" in parts else LogReader)(database).close()
    if len(parts) > 1:
        ViewStore(database).close()
    if "reading" in parts:
        ViewReader(database).close()
