"""The ledger: what stands on each rung of all tranches together, by currency, and what is left of the commitment."""

from collections.abc import Iterator, Sequence

from application.ladder import PROPOSED, RUNGS, Rungs, Sum, climb, total
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
    each currency in which both are known. `candidates` is what is proposed, and neither selected nor rejected.
    """

    rungs: tuple[RungEntry, ...] = ()
    candidates: RungEntry = RungEntry(rung=PROPOSED, known=False, sums=(), tranches=())
    left: tuple[Sum, ...] = ()
    by_tranche: dict[str, Rungs] = {}
    last_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    if isinstance(event, Step | Negotiation.Opened):
        yield "ledger"


def evolve(document: LedgerDocument | None, record: Record, key: str) -> LedgerDocument:
    return evolve_all(document, [record], key)


def evolve_all(document: LedgerDocument | None, records: Sequence[Record], key: str) -> LedgerDocument:
    """Every tranche climbs for itself; what is on each rung is then summed once."""
    envelope = records[-1].event.envelope
    by_tranche = dict(document.by_tranche) if document else {}
    for record in records:
        event = record.event
        if isinstance(event, Step):
            by_tranche[event.envelope.key] = climb(by_tranche.get(event.envelope.key, {}), event)
    rungs = tuple(_rung(rung, by_tranche) for rung in RUNGS)
    return LedgerDocument(
        negotiation=envelope.negotiation,
        key=key,
        rungs=rungs,
        candidates=_rung(PROPOSED, by_tranche),
        left=_left(rungs),
        by_tranche=by_tranche,
        last_occurred=envelope.occurred,
    )


def _rung(rung: str, by_tranche: dict[str, Rungs]) -> RungEntry:
    standing = {tranche: rungs[rung] for tranche, rungs in by_tranche.items() if rung in rungs}
    return RungEntry(rung=rung, known=bool(standing), sums=total(standing.values()), tranches=tuple(standing))


def _left(rungs: tuple[RungEntry, ...]) -> tuple[Sum, ...]:
    sums = {entry.rung: {(s.currency, s.per): s for s in entry.sums} for entry in rungs}
    promised = {**sums["pledge"], **sums["commitment"]}
    return tuple(whole.less(sums["selected"][unit]) for unit, whole in promised.items() if unit in sums["selected"])


def index(document: LedgerDocument) -> Index:
    return Index(date=order(document.last_occurred))


VIEW = View("ledger", LedgerDocument, keys, evolve, index, evolve_all=evolve_all)
