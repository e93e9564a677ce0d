"""The commands that keep a store safe: backup and restore."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from infrastructure import backup as backups
from interfaces.main import now
from interfaces.terminal import fail, out, progress, settings, usable_store
from interfaces.verifying import found_in_store

app = typer.Typer()


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
    """Write all that cannot be made again to one file, while the service goes on. Who has it can read all of it."""
    with usable_store(), _rows(f"writing {file.name}") as on_rows:
        manifest = backups.back_up(settings().store(), file, now(), on_rows)
    out.print(f"{manifest.head} records stand in {file}.", highlight=False, soft_wrap=True)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `parley backup` wrote.")]) -> None:
    """Restore a backup into an empty store (PARLEY_DATABASE), read it back and verify it.

    A backup that is damaged leaves the store empty. What was changed before it was backed up is told, and stays.
    """
    began = time.monotonic()
    with usable_store(), _rows(f"restoring {file.name}") as on_rows:
        database = settings().store()
        restored = backups.Backup(file)
        restored.restore(database, on_rows)
    told = restored.manifest
    out.print(
        f"{told.head} records stand in {database} as they were on {told.taken:%Y-%m-%d at %H:%M:%S} UTC,"
        f" read back and found alike, after {time.monotonic() - began:.1f} s.",
        highlight=False,
        soft_wrap=True,
    )
    if found := found_in_store(settings()):
        raise typer.Exit(fail(f"It was restored as it was backed up, and does not hold. Findings: {len(found)}."))


@contextmanager
def _rows(said: str) -> Iterator[Callable[[int, int], None]]:
    """A bar; where there is no backup, or none is restored, one sentence and exit code 1."""
    try:
        with progress("rows") as bar:
            task = bar.add_task(said, total=None)
            yield lambda count, total: bar.update(task, advance=count, total=total)
    except backups.BackupRefused as refused:
        raise typer.Exit(fail(str(refused))) from None
