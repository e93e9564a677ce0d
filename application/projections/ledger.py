"""The ledger: what stands on each rung of all tranches together, by currency, and what is left of the commitment."""

from collections.abc import Iterator

from msgspec.structs import replace

from application.ladder import RUNGS, Rungs, Sum, add, climb
from application.view import Document, Index, Record, View
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import order
from domain.negotiation import Negotiation
from domain.tranche import Step


class RungEntry(Fact, omit_defaults=False, frozen=True):
    """One rung. `known` is false where nothing is on record: that is not zero."""

    rung: str
    known: bool
    sums: tuple[Sum, ...]
    tranches: tuple[str, ...]


class LedgerDocument(Document, frozen=True):
    """The ladder of a negotiation.

    `left` is what is committed (or pledged, where no commitment is on record) and not yet selected, for
    each currency in which both are known.
    """

    rungs: tuple[RungEntry, ...] = ()
    left: tuple[Sum, ...] = ()
    by_tranche: dict[str, Rungs] = {}
    last_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    if isinstance(event, Step | Negotiation.Opened):
        yield "ledger"


def evolve(document: LedgerDocument | None, record: Record, key: str) -> LedgerDocument:
    event = record.event
    document = document or LedgerDocument(
        negotiation=event.envelope.negotiation,
        key=key,
        rungs=tuple(RungEntry(rung=rung, known=False, sums=(), tranches=()) for rung in RUNGS),
    )
    document = replace(document, last_occurred=event.envelope.occurred)
    tranche = event.envelope.key
    before = document.by_tranche.get(tranche, {})
    after = climb(before, event)
    if after is before:
        return document
    by_tranche = {**document.by_tranche, tranche: after}
    rungs = tuple(
        entry if after.get(entry.rung) is before.get(entry.rung) else _totalled(entry.rung, by_tranche)
        for entry in document.rungs
    )
    return replace(document, rungs=rungs, left=_left(rungs), by_tranche=by_tranche)


def _totalled(rung: str, by_tranche: dict[str, Rungs]) -> RungEntry:
    sums: tuple[Sum, ...] = ()
    on_it = [name for name, rungs in by_tranche.items() if rung in rungs]
    for name in on_it:
        for money in by_tranche[name][rung]:
            sums = add(sums, money)
    return RungEntry(rung=rung, known=bool(on_it), sums=sums, tranches=tuple(on_it))


def _left(rungs: tuple[RungEntry, ...]) -> tuple[Sum, ...]:
    sums = {entry.rung: {(s.currency, s.per): s for s in entry.sums} for entry in rungs}
    promised = {**sums["pledge"], **sums["commitment"]}
    return tuple(whole.plus(sums["selected"][unit], -1) for unit, whole in promised.items() if unit in sums["selected"])


def index(document: LedgerDocument) -> Index:
    return Index(date=order(document.last_occurred))


VIEW = View("ledger", LedgerDocument, keys, evolve, index)
