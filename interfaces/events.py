"""The catalogue of events: `parley events`, every type of record and what uses it."""

from typing import Annotated, Any, get_type_hints

import typer
from rich.markup import escape
from rich.table import Table

from application.command import all_commands
from application.flag import all_rules, rules_of
from application.fold import all_views, views_of
from domain.amendment import is_derived
from domain.erasure import Erasure
from domain.event import DomainEvent
from domain.model import EVENT_OF_TOPIC
from infrastructure.stored_schema import stored_schema
from interfaces.terminal import fail, out, print_json

app = typer.Typer()
_COMMAND_OF = {Erasure.Made: "parley erase"} | {command.EVENT: name for name, command in all_commands().items()}
_USE_ALL_VIEWS = {view.name for view in all_views() if not view.of}
_USE_ALL_RULES = {rule.name for rule in all_rules().values() if not rule.of}


@app.command()
def events(
    beginning: Annotated[str, typer.Argument(metavar="TYPE", help="Such as Claim or Claim.Made; else all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, with the schemas.")] = False,
) -> None:
    """Show every type of record: its version, the command that makes it, its fields, and what uses it."""
    found = [entry(event) for topic, event in sorted(EVENT_OF_TOPIC.items()) if topic.startswith(beginning)]
    if not found:
        raise typer.Exit(fail(f"There is no type of record that begins with {beginning}."))
    if as_json:
        print_json(found)
        return
    out.print(_table(found))
    out.print(
        f"Every record also stands in {_joined(_USE_ALL_VIEWS)}, and is looked at by {_joined(_USE_ALL_RULES)}.",
        highlight=False,
    )


def entry(event: type[DomainEvent]) -> dict[str, Any]:
    """All about one type. The schema is of its facts as they are stored; the envelope stands beside them. What is
    `derived` among these is told by no command.
    """
    hints = get_type_hints(event, include_extras=True)
    return {
        "type": event.TOPIC,
        "version": event.VERSION,
        "summary": " ".join((event.__doc__ or "").split()),
        "command": _COMMAND_OF.get(event),
        "views": [view.name for view in views_of(event)],
        "rules": [rule.name for rule in rules_of(event)],
        "schema": stored_schema(event),
        "derived": [name for name, hint in hints.items() if is_derived(hint)],
    }


def _table(entries: list[dict[str, Any]]) -> Table:
    table = Table()
    table.add_column("type, and its command", no_wrap=True)
    table.add_column("v", justify="right")
    for column in ("says", "fields", "views and rules"):
        table.add_column(column, overflow="fold")
    for one in entries:
        required = one["schema"]["required"]
        told = (name for name in one["schema"]["properties"] if name not in one["derived"])
        fields = (name if name in required else f"{name}?" for name in told)
        uses = [name for name in one["views"] if name not in _USE_ALL_VIEWS]
        uses += [name for name in one["rules"] if name not in _USE_ALL_RULES]
        table.add_row(
            f"{one['type']}\n[dim]{one['command'] or ''}[/dim]",
            str(one["version"]),
            escape(one["summary"]),
            ", ".join(fields),
            ", ".join(uses),
        )
    return table


def _joined(names: set[str]) -> str:
    first, *rest = sorted(names, reverse=True)
    return f"{', '.join(reversed(rest))} and {first}" if rest else first
