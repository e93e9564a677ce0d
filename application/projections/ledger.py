"""The ledger: what stands on each rung of all tranches together, by currency, and what is left of the commitment."""

from collections.abc import Iterator

from msgspec.structs import replace

from application.ladder import PROPOSED, RUNGS, Rungs, Sum, add, climb
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

    def totalled(entry: RungEntry) -> RungEntry:
        old, new = before.get(entry.rung, ()), after.get(entry.rung, ())
        return (
            entry
            if old == new and (entry.rung in before) == (entry.rung in after)
            else _moved(entry, tranche, old, new, by_tranche)
        )

    rungs = tuple(map(totalled, document.rungs))
    return replace(
        document, rungs=rungs, candidates=totalled(document.candidates), left=_left(rungs), by_tranche=by_tranche
    )


def _moved(
    entry: RungEntry, tranche: str, old: tuple[Sum, ...], new: tuple[Sum, ...], by_tranche: dict[str, Rungs]
) -> RungEntry:
    """The rung after the sums of one tranche on it have changed."""
    known = entry.rung in by_tranche[tranche]
    tranches = entry.tranches if tranche in entry.tranches else (*entry.tranches, tranche)
    if not known:
        tranches = tuple(name for name in tranches if name != tranche)
    sums = entry.sums
    if all((o.currency, o.per, o.qualifiers) in {(n.currency, n.per, n.qualifiers) for n in new} for o in old):
        for money in old:
            sums = add(sums, money.negated())
        for money in new:
            sums = add(sums, money)
    else:  # a currency or a qualifier may be gone: sum anew
        sums = ()
        for name in tranches:
            for money in by_tranche[name][entry.rung]:
                sums = add(sums, money)
    return RungEntry(rung=entry.rung, known=bool(tranches), sums=sums, tranches=tranches)


def _left(rungs: tuple[RungEntry, ...]) -> tuple[Sum, ...]:
    sums = {entry.rung: {(s.currency, s.per): s for s in entry.sums} for entry in rungs}
    promised = {**sums["pledge"], **sums["commitment"]}
    return tuple(whole.plus(sums["selected"][unit], -1) for unit, whole in promised.items() if unit in sums["selected"])


def index(document: LedgerDocument) -> Index:
    return Index(date=order(document.last_occurred))


VIEW = View("ledger", LedgerDocument, keys, evolve, index)
