"""Tranches: how each part of an investment climbs the ladder, step by step."""

from collections.abc import Iterator
from typing import get_args

from msgspec.structs import replace

from application.ladder import Holding, Rungs, climb, returned_of, rungs_of
from application.stand import Stand, about, with_record
from application.view import Basis, Document, Index, Private, Record, View
from domain.claim import Claim
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.money import Money
from domain.tranche import FirstStep, Status, Step, Tranche

RETURNED = "returned"
"""The status of a tranche of which all that was drawn came back: it comes of the amounts, and of no step alone."""


class TrancheStepEntry(Fact, omit_defaults=False, frozen=True):
    """One step: what happened, for how much, by or to whom."""

    step: str
    amount: Money | None
    party: str | None
    to: str | None
    due: str | None
    rung: str | None
    includes_prior: bool | None
    prior: Money | None
    note: str | None
    basis: Basis


class TrancheDocument(Document, frozen=True):
    """One tranche: `party` is who first promised it, and `rungs` has a rung only where something is on record.

    `includes` are the earlier promises that its amount holds. What was `returned` is not in `rungs` any more; once all
    that was drawn is, so is the `status`.
    """

    title: str | None = None
    part_of: str | None = None
    parts: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    party: str | None = None
    status: str = "unknown"
    revolving: bool = False
    rungs: Rungs = {}
    returned: Rungs = {}
    steps: tuple[TrancheStepEntry, ...] = ()
    claims: tuple[Stand, ...] = ()
    holding: Private[Holding] = Holding()


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Step():
            yield event.envelope.key
            if isinstance(event, FirstStep) and event.part_of:
                yield event.part_of
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            kind, key, *_ = about(event)
            if kind == "tranche":
                yield key


def evolve(document: TrancheDocument | None, record: Record, key: str) -> TrancheDocument:
    event = record.event
    document = document or TrancheDocument(negotiation=event.envelope.negotiation, key=key)
    if not isinstance(event, Step):
        return replace(document, claims=with_record(document.claims, record))
    if event.envelope.key != key:
        return replace(document, parts=tuple(sorted({*document.parts, event.envelope.key})))
    entry = TrancheStepEntry(
        step=type(event).TOPIC.partition(".")[2],
        amount=getattr(event, "amount", None),
        party=event.party,
        to=getattr(event, "to", None),
        due=getattr(event, "due", None),
        rung=getattr(event, "rung", None),
        includes_prior=getattr(event, "includes_prior", None),
        prior=getattr(event, "prior", None),
        note=event.note,
        basis=Basis.of(record),
    )
    holding = climb(document.holding, record)
    told = event if isinstance(event, FirstStep) else None
    return replace(
        document,
        title=(told and told.title) or document.title,
        part_of=(told and told.part_of) or document.part_of,
        party=document.party or event.party,
        status=_status(event.STATUS or document.status, holding),
        revolving=holding.revolving,
        rungs=rungs_of(holding),
        returned=returned_of(holding),
        includes=holding.includes,
        holding=holding,
        steps=(*document.steps, entry),
    )


def _status(told: str, holding: Holding) -> str:
    """How the tranche stands by the last step that said so: what is drawn is returned once all of it came back."""
    if told not in {"drawn", RETURNED}:
        return told
    return RETURNED if holding.is_repaid else "drawn"


def index(document: TrancheDocument) -> Index:
    bases = [stand.basis for stand in document.claims] + [step.basis for step in document.steps]
    return Index(
        kind=document.status,
        when=bases[-1].occurred if bases else "",
        parties=frozenset(filter(None, (name for step in document.steps for name in (step.party, step.to)))),
        text=(document.key, document.title, *((step.amount, step.note) for step in document.steps)),
    )


VIEW = View(
    "tranches",
    TrancheDocument,
    keys,
    evolve,
    index,
    listed="both",
    kinds=("unknown", *get_args(Status), RETURNED),
    of=(Tranche, Claim, Finding),
)
