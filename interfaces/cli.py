"""The command line: a client of the HTTP interface, over the network or within this process."""

import hashlib
import json
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from typing import Annotated, Any, Literal

import httpx2
import typer
from rich.console import Group, RenderableType

from application.fold import all_views
from application.listing import VIEWS
from application.replay import Times
from infrastructure.log import Log
from interfaces import audit_file, backup, erase, events, keys, logs, sealing, service, verifying
from interfaces import show as tables
from interfaces.client import Client, Failed, Item, NotThere
from interfaces.service import Port, serve
from interfaces.terminal import AsJson, Url, err, fail, out, print_json, progress, run, settings, usable_store

BATCH_LINES = 200

app = typer.Typer(
    help="Parley: the system of record for negotiations.", no_args_is_help=True, pretty_exceptions_enable=False
)
audit = typer.Typer(help="Write, check and load audit files.", no_args_is_help=True)
app.add_typer(audit, name="audit")
app.add_typer(service.app)
app.add_typer(backup.app)
app.add_typer(keys.keys, name="keys")
app.add_typer(keys.people, name="people")
app.add_typer(events.app)
app.add_typer(erase.app)
app.add_typer(sealing.app)
app.add_typer(verifying.app)

AsOf = Annotated[str | None, typer.Option(help="What had happened by then: a date, or an instant with its offset.")]
PublicAt = Annotated[str | None, typer.Option(help="What had been published by then.")]
KnownAt = Annotated[str | None, typer.Option(help="What had been taken down by then.")]


@app.callback()
def begin() -> None:
    """Tell what happens while a command runs."""
    logs.configure()


FIRST_STEPS = """
Five things to try, in another terminal:

  1. Where does each party stand?     .venv/bin/parley show positions japan-us-2025 --url {url}
  2. What became of the money?        .venv/bin/parley show ledger japan-us-2025 --url {url}
  3. Who says what on the split?      curl '{url}/v1/negotiations/japan-us-2025/positions?issue=profit-split'
  4. Who moved in that week?          .venv/bin/parley diff japan-us-2025 2025-07-21 2025-07-27 --url {url}
  5. What can be recorded, and how?   open {url}/docs

Stop the service with Ctrl-C; the records stay in {database}.
"""


@app.command()
def demo(
    case: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    port: Port = 8000,
) -> None:
    """Serve, and record a case through the running service if the store is empty."""
    url = f"http://127.0.0.1:{port}"
    with usable_store():
        database = settings().store()
        log = Log(database)
        empty = log.head() == 0
        log.close()
    if empty:
        Thread(target=_record_once_up, args=(case, url, str(database)), daemon=True).start()
    else:
        err.print(f"{database} holds records already; the case is not recorded again.")
    serve(port=port)


def _record_once_up(case: Path, url: str, database: str) -> None:
    for _ in range(200):
        try:
            httpx2.get(f"{url}/healthz")
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    record(case, url)
    out.print(FIRST_STEPS.format(url=url, database=database), highlight=False, markup=False)


@app.command()
def record(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], url: Url = None) -> None:
    """Record a case file: one command a line. Recording a file again in this way changes nothing."""
    lines = [(number, line) for number, line in enumerate(file.read_bytes().splitlines(), 1) if line.strip()]
    batches = [lines[start : start + BATCH_LINES] for start in range(0, len(lines), BATCH_LINES)]
    name = hashlib.sha256(b"\n".join(line for _, line in lines)).hexdigest()[:32]

    async def send(client: Client) -> int:
        taken, position = 0, 0
        with progress("records") as bar:
            task = bar.add_task(f"recording {file.name}", total=len(lines))
            for index, batch in enumerate(batches):
                try:
                    told = b"\n".join(line for _, line in batch)
                    answer = await client.sent("/v1/records", told, key=f"{name}/{index}")
                except Failed as failed:
                    line = batch[failed.line - 1][0] if failed.line else None
                    raise Failed(f"{failed.detail} ({taken} records stood before it)", line) from None
                taken += len(answer["records"])
                position = answer["records"][-1]["position"]
                bar.update(task, completed=taken)
        with suppress(NotThere):  # a service that only records has no views to wait for
            await client.document("/v1/negotiations", {"limit": 1, "min_position": position})
        return taken

    if not lines:
        raise typer.Exit(fail("There is not one command in the file."))
    out.print(f"{run(url, send, makes=True)} records stand in the log.")


@app.command()
def show(
    view: Annotated[Literal[*VIEWS, "tariffs"], typer.Argument()],  # type: ignore[valid-type]
    negotiation: Annotated[str, typer.Argument(help="Its name; not needed for the list of negotiations.")] = "",
    as_of: AsOf = None,
    public_at: PublicAt = None,
    known_at: KnownAt = None,
    policy: Annotated[str | None, typer.Option(help="findings, or account:{party}: whose word counts.")] = None,
    suppose: Annotated[Path | None, typer.Option(help="A case file to suppose on top.", exists=True)] = None,
    product: Annotated[str | None, typer.Option(help="Of the tariffs, those on these goods: beef, 8703.23.")] = None,
    party: Annotated[str | None, typer.Option(help="Of a list, what concerns this party.")] = None,
    issue: Annotated[str | None, typer.Option(help="Of a list, what is on this issue.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Of a list, what is of this date or later.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Of a list, what is of this date or earlier.")] = None,
    q: Annotated[str | None, typer.Option(help="Of a list, what holds these words.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show a view of a negotiation as a table: as it stands, at other times, or as it would stand."""
    if not negotiation and (view != "negotiations" or suppose):
        raise typer.Exit(fail(f"Which negotiation? Try: parley show {view} japan-us-2025"))
    if (policy if view == "tariffs" else product) is not None:
        raise typer.Exit(fail("Tariffs take a product, and no policy; all else takes a policy, and no product."))
    within = f"/v1/negotiations/{negotiation}" if negotiation else "/v1/negotiations"
    path = {"negotiations": within, "tariffs": "/v1/tariffs"}.get(view, f"{within}/{view}")
    params = _told(as_of=as_of, public_at=public_at, known_at=known_at, policy=policy, party=party, issue=issue, q=q)
    params |= _told(product=product, **{"from": start, "to": end})

    async def asked(client: Client) -> list[Item]:
        if suppose:
            told = params | {"view": view, "limit": 500}
            return [await client.sent(f"{within}/suppose", suppose.read_bytes(), told)]
        return await client.answers(path, params | ({"negotiation": negotiation} if view == "tariffs" else {}))

    answers = run(url, asked)
    items = [item | {"times": answer["times"]} for answer in answers for item in answer.get("items", [answer])]
    shown = tables.binding(items, party) if view == "agreements" and party else items
    _print(items, Group(tables.table(view, shown), *tables.may_be_later(items)), as_json=as_json)


@app.command()
def diff(
    negotiation: str,
    start: Annotated[str, typer.Argument(metavar="FROM", help="A date, or an instant with its offset.")],
    end: Annotated[str, typer.Argument(metavar="TO")],
    clock: Annotated[Literal["as_of", "public_at", "known_at"], typer.Option()] = "as_of",
    view: Annotated[
        Literal[*VIEWS] | None,  # type: ignore[valid-type]
        typer.Option(help="One view; without it all but the timeline."),
    ] = None,
    as_of: AsOf = None,
    public_at: PublicAt = None,
    known_at: KnownAt = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two moments on one of the clocks, by which records."""
    times = _told(as_of=as_of, public_at=public_at, known_at=known_at, view=view)
    params = times | {"from": start, "to": end, "clock": clock}
    answer = _within(negotiation, "diff", params, url)
    _print(answer, tables.difference(answer), as_json=as_json)


@app.command()
def grounds(
    negotiation: str,
    view: Annotated[Literal[*VIEWS], typer.Argument()],  # type: ignore[valid-type]
    key: Annotated[str, typer.Argument(help="The document's key; not needed for the ledger.")] = "",
    field: Annotated[str | None, typer.Option(help="Such as status or provisions[funding].text.")] = None,
    as_of: AsOf = None,
    public_at: PublicAt = None,
    known_at: KnownAt = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the records and sources that a field rests on."""
    params = _told(as_of=as_of, public_at=public_at, known_at=known_at, key=key or None, field=field, view=view)
    answer = _within(negotiation, "grounds", params, url)
    _print(answer, tables.grounds(answer), as_json=as_json)


@app.command()
def reliance(
    negotiation: str,
    source: str,
    as_of: AsOf = None,
    public_at: PublicAt = None,
    known_at: KnownAt = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what rests on a source or its copies, and which of these are retracted."""
    params = _told(as_of=as_of, public_at=public_at, known_at=known_at, source=source)
    answer = _within(negotiation, "reliance", params, url)
    _print(answer, tables.reliance(answer), as_json=as_json)


@audit.command("write")
def audit_write(
    negotiation: str,
    file: Path,
    as_of: AsOf = None,
    public_at: PublicAt = None,
    known_at: KnownAt = None,
    url: Url = None,
) -> None:
    """Write all about a negotiation at given times as one archive."""

    async def written(client: Client) -> int:
        with progress("views") as bar:
            task = bar.add_task(f"writing {file.name}", total=len(all_views()))
            times = Times(as_of=as_of, public_at=public_at, known_at=known_at)
            return await audit_file.write(file, negotiation, times, client, lambda: bar.advance(task))

    out.print(f"{run(url, written)} records stand in {file}.")


@audit.command("check")
def audit_check(file: Path) -> None:
    """Replay the records of an archive with this installation's code, and compare every view with the archive's."""
    try:
        archive = audit_file.AuditFile(file)
        if not archive.same_code:
            err.print(
                "The archive was folded by another version of the code: differences may come from that.", soft_wrap=True
            )
        differing = 0
        for checked in archive.check():
            differing += len(checked.differing)
            said = ", ".join(checked.differing[:5]) or ("all alike" if checked.alike else "there are none")
            out.print(
                f"{checked.view}: {checked.alike} alike, {len(checked.differing)} differ: {said}", highlight=False
            )
    except audit_file.NotAnAuditFile as problem:
        raise typer.Exit(fail(str(problem))) from None
    raise typer.Exit(1 if differing else 0)


@audit.command("load")
def audit_load(file: Path) -> None:
    """Load an archive into a store of its own (PARLEY_DATABASE), with the recorded times of its origin."""
    try:
        archive = audit_file.AuditFile(file)
        with usable_store(), closing(Log(settings().store())) as log:
            count = archive.load(log)
    except audit_file.NotAnAuditFile as problem:
        raise typer.Exit(fail(str(problem))) from None
    out.print(f"{count} records stand in the log.")


@app.command()
def history(
    negotiation: str,
    stream: Annotated[str, typer.Argument(help="Such as round/3 or tranche/first-batch.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show every record about one thing, in the order of the log."""
    items = run(url, lambda client: client.items("/v1/records", {"negotiation": negotiation, "stream": stream}))
    if not items:
        raise typer.Exit(fail(f"There is no record of {stream} in {negotiation}."))
    _print(items, tables.history(items), as_json=as_json)


@app.command()
def export(
    url: Url = None,
    negotiation: str | None = None,
    form: Annotated[
        Literal["served", "stored"], typer.Option(help="`stored` is what `parley verify --file` takes.")
    ] = "served",
) -> None:
    """Write the records of the log as newline-delimited JSON to the standard output."""

    async def write(client: Client) -> None:
        params: dict[str, Any] = {"limit": 1000, "after": 0, "form": form} | (
            {"negotiation": negotiation} if negotiation else {}
        )
        while params["after"] is not None:
            page = await client.document("/v1/records", params)
            sys.stdout.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in page["items"])
            params["after"] = page["next"] and int(page["next"])

    run(url, write)


def _within(negotiation: str, asked: str, params: dict[str, str], url: str | None) -> Item:
    """What is asked of a negotiation."""
    return run(url, lambda client: client.document(f"/v1/negotiations/{negotiation}/{asked}", params))


def _told(**params: str | None) -> dict[str, Any]:
    """The parameters that were given."""
    return {name: value for name, value in params.items() if value is not None}


def _print(value: object, table: RenderableType, *, as_json: bool) -> None:
    """An answer as a table, or as it is."""
    if as_json:
        print_json(value)
    else:
        out.print(table)
