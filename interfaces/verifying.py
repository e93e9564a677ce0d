"""The command that verifies: a whole store, or an exported file, against checkpoints that somebody kept."""

from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from infrastructure.comparison import Comparison, Finding, Held, held, kept_beside
from infrastructure.database import StoreDamaged, StoreRefused, TableMissing
from infrastructure.exported import verified_file
from infrastructure.merkle import TreeDamaged
from infrastructure.note import NotANote, NotSigned, Verifier
from infrastructure.proof_store import ProofReader
from infrastructure.settings import Settings
from infrastructure.verification import LogRows, verified
from interfaces.terminal import err, fail, out, progress, settings, usable_store

app = typer.Typer()


class Evidence(NamedTuple):
    """What a log is compared with: the checkpoints, and the tree beside it, if there is one."""

    checkpoints: list[Held]
    tree: ProofReader | None
    findings: list[Finding]


@app.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A file with a checkpoint that you kept; can be given again.", exists=True, dir_okay=False),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's key, name+hash+key; without it, that of PARLEY_SIGNING_KEY.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="An export of the whole log, in place of the store.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Check that nobody changed a record: offline, in the store or in an export.

    Each record that differs is named by the proofs beside the log that PARLEY_DATABASE says. Without them a checkpoint
    only finds that something differs, and several narrow down where.
    """
    chosen = settings()
    with usable_store(), ExitStack() as opened:
        verifier = _verifier(key, chosen)
        told = [_held(one, verifier, chosen.origin) for one in checkpoint or ()]
        if file:
            count, found, comparison = _exported(file, told, chosen, opened)
        else:
            count, found, comparison = _stored(told, verifier, chosen, opened)
    _say(found)
    if found:
        form = " A file is verified in the form of `parley export --form stored`." if file else ""
        raise typer.Exit(fail(f"Findings: {len(found)}, in a log of {count}.{form}"))
    _say_what_holds(count, told, comparison, verifier)


def found_in_store(chosen: Settings) -> list[Finding]:
    """What is wrong with a store, by what it holds itself; said as it is found."""
    with usable_store(), ExitStack() as opened:
        _, found, _ = _stored([], _verifier(None, chosen), chosen, opened)
    _say(found)
    return found


def _say(found: list[Finding]) -> None:
    for finding in sorted(found):
        out.print(finding.told, style="red", highlight=False, markup=False, soft_wrap=True)


def _stored(
    told: list[Held], verifier: Verifier | None, chosen: Settings, opened: ExitStack
) -> tuple[int, list[Finding], Comparison]:
    """The proofs are read before the log is: what is recorded meanwhile is in neither."""
    evidence = _beside(chosen, verifier, opened)
    log = opened.enter_context(closing(LogRows(chosen.store())))
    comparison, found = Comparison([*told, *evidence.checkpoints], evidence.tree), list(evidence.findings)
    count = 0
    with progress("records") as bar:
        task = bar.add_task("verifying", total=log.count())
        for more in verified(log, comparison, found):
            count += more
            bar.advance(task, more)
    return count, found, comparison


def _exported(
    file: Path, told: list[Held], chosen: Settings, opened: ExitStack
) -> tuple[int, list[Finding], Comparison]:
    """With the tree of the store at hand, if it is one that goes with a checkpoint."""
    if not told:
        raise typer.Exit(fail("A file is verified against a checkpoint that you kept: give it with --checkpoint."))
    tree = _beside(chosen, None, opened).tree
    comparison, found = Comparison(told, tree if tree and _goes_with(tree, told) else None, own=False), list[Finding]()
    with progress("bytes") as bar:
        task = bar.add_task("verifying", total=file.stat().st_size)
        for more in verified_file(file, comparison, found):
            bar.advance(task, more)
    return comparison.count, found, comparison


def _beside(chosen: Settings, verifier: Verifier | None, opened: ExitStack) -> Evidence:
    """The tree and the checkpoints that are kept beside the log."""
    evidence = Evidence([], None, [])
    if not chosen.store().has("proofs"):
        return evidence
    try:
        tree = opened.enter_context(closing(ProofReader(chosen.store())))
        evidence.findings.extend(
            Finding(0, f"The proofs beside the log are damaged: {told}.") for told in tree.faults()
        )
        if not evidence.findings:
            evidence = evidence._replace(tree=tree)
        for sealed in tree.checkpoints(limit=2**31):
            try:
                evidence.checkpoints.append(kept_beside(sealed, verifier))
            except (NotANote, NotSigned) as error:
                told = f"The checkpoint kept beside the log at {sealed.size} records is not as it was sealed: {error}"
                evidence.findings.append(Finding(0, told))
    except (StoreRefused, StoreDamaged, TableMissing) as error:
        told = str(error).removesuffix(".")
        return Evidence([], None, [Finding(0, f"The proofs beside the log cannot be read: {told}.")])
    return evidence


def _goes_with(tree: ProofReader, told: list[Held]) -> bool:
    """Whether a tree is of the log of one of the checkpoints."""
    grown = tree.tree()
    with suppress(TreeDamaged):
        return any(
            one.checkpoint.size <= grown.size and grown.root(one.checkpoint.size) == one.checkpoint.root for one in told
        )
    return False


def _verifier(key: str | None, chosen: Settings) -> Verifier | None:
    try:
        if key:
            return Verifier.parse(key)
    except NotANote as error:
        raise typer.Exit(fail(str(error))) from None
    signer = chosen.signer()
    return signer.verifier if signer else None


def _held(file: Path, verifier: Verifier | None, origin: str | None) -> Held:
    try:
        return held(f"the checkpoint {file}", file.read_text(encoding="utf-8"), verifier, origin)
    except (NotANote, NotSigned) as error:
        raise typer.Exit(fail(f"The checkpoint {file} does not count. {error}")) from None
    except (OSError, UnicodeDecodeError):
        raise typer.Exit(fail(f"The checkpoint {file} cannot be read as text.")) from None


def _say_what_holds(count: int, kept: list[Held], comparison: Comparison, verifier: Verifier | None) -> None:
    """Nothing was found, so the log agrees with every checkpoint: those that somebody kept, and the largest."""
    agreed = kept + [one for one in (comparison.agreed,) if one and one not in kept]
    why = "is by this key" if comparison.checkpoints else "is there to compare them with"
    told = f"Each of the {count} records is consistent in itself; no checkpoint {why}."
    if agreed:
        as_in = (
            f"the first {one.checkpoint.size} are as {one.name} of {one.checkpoint.origin} has them" for one in agreed
        )
        told = f"All {count} records hold: {', '.join(as_in)}."
    out.print(told, highlight=False, markup=False, soft_wrap=True)
    if agreed and verifier is None:
        err.print("Signatures were not checked: --key gives the log's key.", soft_wrap=True)
