"""The command that seals: a checkpoint of the log as it is now, signed and handed to witnesses."""

import os
import re
import secrets
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from infrastructure.growing import Grower, LogChanged
from infrastructure.note import NotANote, Signer
from infrastructure.proof_store import Sealed
from infrastructure.settings import Settings
from infrastructure.witnesses import Witnesses
from interfaces.terminal import err, fail, out, settings, usable_store

app = typer.Typer()

MAIL = """\
Subject: Checkpoint of {origin} at {size} records

This is a checkpoint of the log {origin}. It holds for the first {size} records, and was sealed at {sealed}.
Please keep it as it is, from the line with the name of the log to the line that begins with a dash:

{note}
With it, anyone who has a copy of the log can tell whether one of these records was changed, removed or added since:

    parley verify --checkpoint FILE --key '{key}'

FILE holds the lines above.
"""


@app.command()
def seal(
    new_key: Annotated[Path | None, typer.Option(help="Make a key, and write it to this file instead.")] = None,
    mail: Annotated[bool, typer.Option("--mail", help="Print it as a mail to a witness.")] = False,
) -> None:
    """Seal the log as it is now: print a signed checkpoint, keep it, and hand it to witnesses."""
    chosen = settings()
    if new_key:
        _make_key(new_key, chosen)
        return
    with usable_store():
        signer = chosen.signer()
        if signer is None:
            raise typer.Exit(fail("There is no key to seal with: PARLEY_SIGNING_KEY is its file; --new-key makes one."))
        chosen.store().reader("log").close()
        sealed = _sealed(chosen, signer)
    if mail:
        told = MAIL.format(origin=signer.verifier.name, key=signer.verifier, **sealed._asdict())
        typer.echo(told, nl=False)
    else:
        typer.echo(sealed.note, nl=False)


def _sealed(chosen: Settings, signer: Signer) -> Sealed:
    with closing(Grower(chosen.store())) as grower:
        try:
            grower.grow()
            sealed = grower.seal(signer)
        except LogChanged as error:
            raise typer.Exit(fail(str(error))) from None
        if sealed is None:
            raise typer.Exit(fail("There are no records to seal yet."))
        witnesses = Witnesses(chosen.witness_url, chosen.witness_file)
        if witnesses and not sealed.handed and witnesses.hand(sealed):
            grower.handed(sealed)
    return sealed


def _make_key(file: Path, chosen: Settings) -> None:
    """A log that was given no name gets one that no other has."""
    name = re.sub(r"[\s+]", "-", Path(str(chosen.store())).stem)
    origin = chosen.origin or f"parley.local/{name}-{secrets.token_hex(4)}"
    try:
        signer = Signer.new(origin)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(f"{signer.secret()}\n")
    except FileExistsError:
        raise typer.Exit(fail(f"{file} is there already, and is left as it is.")) from None
    except (OSError, NotANote) as error:
        raise typer.Exit(fail(f"The key cannot be made: {error}")) from None
    err.print(f"The key is in {file}; who holds it can seal. The other half, for all who check:", soft_wrap=True)
    out.print(str(signer.verifier), soft_wrap=True, highlight=False)
