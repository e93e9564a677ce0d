"""The commands of administrators, on the store or through a service: keys for programs, and what people may do."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any
from urllib.parse import quote

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from application.access import LOCAL, ROLES
from application.credentials import Kind, Person
from domain.refusal import Refused
from infrastructure.access import AccessStore
from interfaces.granting import NewKey, NewPerson, made, put, shown
from interfaces.main import now
from interfaces.problems import of_validation
from interfaces.terminal import AsJson, Url, err, fail, out, print_json, run, settings, usable_store

Item = dict[str, Any]
Roles = Annotated[
    list[str],
    typer.Option("--role", help=f"One of {', '.join(ROLES)}, and where: recorder:japan-us-2025, or reader:* for all."),
]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Whose restricted records may be seen.")]

SHOWN_ONCE = (
    "The key {name} is shown this once. The command line takes it as PARLEY_KEY; others send it as"
    " `Authorization: Bearer`."
)

keys = typer.Typer(help="Make, list and revoke the keys of programs.", no_args_is_help=True)
people = typer.Typer(help="Say what the people may do whom the OpenID Connect issuer knows.", no_args_is_help=True)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="The program's name: what it records is recorded by that.")],
    role: Roles,
    group: Groups = None,
    expires: Annotated[str | None, typer.Option(help="A date, to its end in UTC, or an instant.")] = None,
    url: Url = None,
) -> None:
    """Make a key and print it: it is shown this once, and its digest alone is kept."""
    told = _read(NewKey, {"name": name, "grants": role, "groups": group or [], "expires": expires})
    if url:
        answer = _asked(url, "POST", "/v1/keys", told.model_dump())
    else:
        answer = _changed(lambda store: made(store, told, now(), LOCAL.name))
    err.print(SHOWN_ONCE.format(name=name), soft_wrap=True, highlight=False)
    sys.stdout.write(answer["key"] + "\n")


@keys.command("list")
def list_keys(url: Url = None, as_json: AsJson = False) -> None:
    """Show all keys, also those that were revoked. None can be shown itself: only its digest is kept."""
    _print(_listed(url, "key"), as_json, "name", "grants", "groups", "expires", "created", "created_by", "revoked")


@keys.command("revoke")
def revoke_key(name: str, url: Url = None) -> None:
    """Let a key count no longer; its name is not given again."""
    if url:
        _asked(url, "DELETE", f"/v1/keys/{quote(name, safe='')}")
    elif not _changed(lambda store: store.revoke_key(name, now(), LOCAL.name)):
        raise typer.Exit(fail(f"There is no key {name} that could be revoked."))
    out.print(f"The key {escape(name)} counts no longer.", highlight=False)


@keys.command("changes")
def list_changes(as_json: AsJson = False) -> None:
    """Show who changed what about keys and people."""
    found: list[Item] = []
    with _usable(writes=False) as store:
        while page := store.changes(found[-1]["number"] if found else 0):
            found += (change._asdict() | change.facts for change in page)
    _print(found, as_json, "number", "at", "who", "what", "name", "grants", "groups", "expires")


@people.command("set")
def set_person(
    subject: Annotated[str, typer.Argument(help="The `sub` of the tokens that the issuer gives to the person.")],
    role: Roles,
    group: Groups = None,
    url: Url = None,
) -> None:
    """Grant a person all of this, and nothing else."""
    told = _read(NewPerson, {"grants": role, "groups": group or []})
    subject = _read(TypeAdapter(Person), subject)
    if url:
        _asked(url, "PUT", f"/v1/people/{quote(subject, safe='')}", told.model_dump())
    else:
        _changed(lambda store: put(store, subject, told, now(), LOCAL.name))
    out.print(f"{escape(subject)} is granted {', '.join(told.grants)}.", highlight=False)


@people.command("list")
def list_people(url: Url = None, as_json: AsJson = False) -> None:
    """Show what people are granted."""
    _print(_listed(url, "person"), as_json, "subject", "grants", "groups", "created", "created_by", "revoked")


@people.command("remove")
def remove_person(subject: str, url: Url = None) -> None:
    """Take all that was granted from a person."""
    if url:
        _asked(url, "DELETE", f"/v1/people/{quote(subject, safe='')}")
    elif not _changed(lambda store: store.remove_person(subject, now(), LOCAL.name)):
        raise typer.Exit(fail(f"There is nobody {subject} of whom anything could be taken."))
    out.print(f"{escape(subject)} is granted nothing any more.", highlight=False)


def _read(kind: Any, told: Any) -> Any:
    """What was told, if it has the right form; else one sentence and exit code 1."""
    adapter = TypeAdapter(kind) if isinstance(kind, type) else kind
    try:
        return adapter.validate_python(told)
    except ValidationError as error:
        said = of_validation(error).document["detail"]
        roles = f" The roles are {', '.join(ROLES)}." if said.startswith("grants") else ""
        raise typer.Exit(fail(said + roles)) from None


def _listed(url: str | None, kind: Kind) -> list[Item]:
    if url:
        return list(_asked(url, "GET", "/v1/keys" if kind == "key" else "/v1/people")["items"])
    with _usable(writes=False) as store:
        return [shown(known) for known in store.all() if known.kind == kind]


def _changed(work: Callable[[AccessStore], Any]) -> Any:
    """What comes of a change of the store; where it is refused, one sentence and exit code 1."""
    try:
        with _usable() as store:
            return work(store)
    except Refused as refusal:
        raise typer.Exit(fail(str(refusal))) from None


@contextmanager
def _usable(*, writes: bool = True) -> Iterator[AccessStore]:
    with usable_store(), closing(AccessStore(settings().store(), writes=writes)) as store:
        yield store


def _asked(url: str, method: str, path: str, body: Item | None = None) -> Item:
    return run(url, lambda client: client.changed(method, path, body))


def _print(items: list[Item], as_json: bool, *columns: str) -> None:
    if as_json:
        print_json(items)
        return
    table = Table()
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for item in items:
        table.add_row(*(escape(_cell(item[column])) for column in columns))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(value)
    return "" if value is None else str(value)
