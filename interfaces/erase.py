"""Erasing on the command line: on the store itself, never over HTTP."""

from contextlib import closing
from typing import Annotated

import typer
from pydantic import ValidationError

from domain.refusal import Refused
from infrastructure.erasing import Eraser, Made
from interfaces.main import now
from interfaces.terminal import fail, out, settings, usable_store

app = typer.Typer()


@app.command()
def erase(
    subject: Annotated[str, typer.Argument(help="The name of a person or a confidence, as it was told.")],
    reason: Annotated[str, typer.Option(help="Why: it is recorded, without the name.")],
) -> None:
    """Make unreadable for ever what was told of a person, or in confidence; every record keeps its place and proof."""
    if not subject.strip():
        raise typer.Exit(fail("Whose name? Give it as it was told."))
    with usable_store():
        chosen = settings()
        chosen.store().reader("log").close()  # a store that is not there is not made: its name may be misspelt
        with closing(Eraser(chosen.store(), now)) as eraser:
            try:
                made = eraser.erase(subject, reason)
            except ValidationError as error:
                raise typer.Exit(fail(f"--reason: {error.errors()[0]['msg']}")) from None
            except Refused as refusal:
                raise typer.Exit(fail(str(refusal))) from None
            if made:
                out.print(_said(made), highlight=False, soft_wrap=True)
            finished = eraser.finish()
    if not made and not finished:
        raise typer.Exit(fail("Nobody on record has this name, or nobody has it any more: give it as it was told."))
    if not made:
        out.print(
            "An erasure of before that was interrupted is finished; nobody else on record has this name.",
            soft_wrap=True,
        )


def _said(made: Made) -> str:
    where = ", ".join(made.negotiations)
    said = f"Records erased: {made.records}; others in which the name was: {made.named_in}; in {where}."
    return f"{said} Copies and exports that were made before still hold it."
