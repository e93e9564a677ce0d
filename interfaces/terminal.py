"""What all commands of the command line share: the terminal, the settings, and how a command fails."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from infrastructure.database import StoreDamaged, StoreFull, StoreLost, StoreRefused, TableMissing
from infrastructure.projector import Superseded
from infrastructure.settings import Settings
from infrastructure.view_reader import NotBuilt
from interfaces.client import Client, Failed, connected

WIDTH = 160
"""How wide tables are where the output is no terminal."""

Url = Annotated[str | None, typer.Option(help="A running service; without it, the store is opened here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
T = TypeVar("T")

out = Console(emoji=False, width=None if sys.stdout.isatty() else WIDTH)
err = Console(stderr=True)


def fail(message: str) -> int:
    """Say what went wrong; gives the exit code."""
    err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    return 1


def settings() -> Settings:
    """The settings; where one is wrong, one sentence and exit code 1."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        said = fault["msg"].removeprefix("Value error, ")
        named = said if said != fault["msg"] else f"PARLEY_{str(fault['loc'][0]).upper()}: {said}."
        raise typer.Exit(fail(named)) from None


@contextmanager
def usable_store() -> Iterator[None]:
    """Where the store cannot be used, one sentence and exit code 1."""
    try:
        yield
    except (StoreRefused, StoreLost, StoreFull) as error:
        raise typer.Exit(fail(str(error))) from None
    except (StoreDamaged, TableMissing) as error:
        raise typer.Exit(fail(f"The store is damaged: {error}.")) from None
    except NotBuilt:
        raise typer.Exit(fail("There are no views yet: run `parley rebuild`.")) from None
    except Superseded:
        raise typer.Exit(fail("The views were made by another version of Parley: run `parley rebuild`.")) from None


def progress(unit: str) -> Progress:
    """A bar for what takes longer."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), console=err)


def run(url: str | None, work: Callable[[Client], Awaitable[T]], *, makes: bool = False) -> T:
    """What some work with a client of the service comes to; where it fails, one sentence and exit code 1.

    A store that is not there is made by work that records alone: the name may be misspelt.
    """

    async def connected_to() -> T:
        if not url and not makes:
            settings().store().reader("log").close()
        async with connected(url, settings()) as client:
            return await work(client)

    try:
        return asyncio.run(connected_to())
    except (Failed, StoreRefused) as failed:
        raise typer.Exit(fail(str(failed))) from None
    except httpx2.TransportError as error:
        raise typer.Exit(fail(f"The service does not answer: {error}")) from None


def print_json(value: object) -> None:
    """An answer as it is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
