"""Agreements: how far each has come for each party and between each pair, its provisions, and how they are read."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from typing import get_args

from msgspec.structs import asdict, replace

from application.binding import (
    GONE,
    IN_EFFECT,
    OF_TEXT,
    UNILATERAL,
    WITHOUT_EFFECT,
    PairStanding,
    PartyStanding,
    affected_by,
    after_step,
    of_parties,
    pair_of,
    told_between,
)
from application.provisions import Applied, ProvisionEntry, after_record, applied
from application.reckoning import Reckoner
from application.stand import Stand, about, with_record
from application.view import Basis, Document, Index, Record, View
from application.voted import VoteEntry
from domain.agreement import LEAVING, Agreement, Form, Step
from domain.claim import Claim
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.happening import step_of
from domain.moment import date_before, is_instant, last_date, order, surely_before
from domain.provision import Provision, is_over
from domain.session import Participant
from domain.tariff import Tariff
from domain.value import RuledDate, Value
from domain.vote import Vote


class AgreementStepEntry(Fact, omit_defaults=False, frozen=True):
    """A step in the life of the instrument; no parties means the instrument as a whole, and nobody `toward` whom it is
    taken means everybody."""

    step: str
    parties: tuple[str, ...]
    toward: tuple[str, ...]
    by: tuple[Participant, ...]
    witnesses: tuple[str, ...]
    means: str | None
    until: str | None
    note: str | None
    basis: Basis


class StepToComeEntry(AgreementStepEntry, frozen=True):
    """A step that was taken and takes effect later: of the agreement, or of a `provision`, with what is told of that,
    such as whom it `binds` from then on.
    """

    provision: str | None = None
    title: str | None = None
    text: str | None = None
    value: Value | None = None
    binds: tuple[str, ...] | None = None


class AmendmentEntry(Fact, omit_defaults=False, frozen=True):
    """What changed, and by which instrument."""

    text: str
    by: str | None
    basis: Basis


class AgreementDocument(Document, frozen=True):
    """One agreement. `claims` are those about it as a whole, such as whether it binds.

    `status` is what the steps on record make it, and while the whole is suspended `suspended_from` what it was before.
    `until` is the last day of its term: after it, the status is `expired` for all for whom it has come about, unless
    they have left before. `in_force_since` is the first day from which it was in force between two parties, an order or
    a law for one; it stays when that has ended. What it `supersedes` is not ended by that alone. Steps `to_come` were
    taken by the day and take effect after it, such as a notice of withdrawal, or a provision that is agreed and begins
    later. `votes` are those on it or on a provision of it.
    """

    title: str = ""
    form: str = ""
    text: str | None = None
    until: str | None = None
    supersedes: tuple[str, ...] = ()
    superseded_by: tuple[str, ...] = ()
    status: str = "drafted"
    suspended_from: str | None = None
    in_force_since: str | None = None
    parties: tuple[PartyStanding, ...] = ()
    pairs: tuple[PairStanding, ...] = ()
    steps: tuple[AgreementStepEntry, ...] = ()
    to_come: tuple[StepToComeEntry, ...] = ()
    provisions: tuple[ProvisionEntry, ...] = ()
    amendments: tuple[AmendmentEntry, ...] = ()
    claims: tuple[Stand, ...] = ()
    votes: tuple[VoteEntry, ...] = ()
    last_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            kind, key, *_ = about(event)
            if kind in {"agreement", "provision"}:
                yield key
        case Vote.Held(about=str(told)):
            kind, key, *_ = told.split("/")
            if kind in {"agreement", "provision"}:
                yield key
        case Agreement.Drafted():
            yield from dict.fromkeys((event.envelope.key, *event.supersedes))
        case _ if type(event).TOPIC.startswith("Agreement."):
            yield event.envelope.key
        case _ if type(event).TOPIC.startswith("Provision."):
            yield event.envelope.key.partition("/")[0]


def evolve(document: AgreementDocument | None, record: Record, key: str) -> AgreementDocument:
    event = record.event
    document = document or AgreementDocument(negotiation=event.envelope.negotiation, key=key)
    if isinstance(event, Agreement.Drafted) and event.envelope.key != key:
        return replace(document, superseded_by=(*document.superseded_by, event.envelope.key))
    if isinstance(event, Vote.Held):
        return replace(document, votes=(*document.votes, VoteEntry.of(event, record)))
    if not isinstance(event, Claim.Made | Claim.Withdrawn | Ruling):
        document = replace(document, last_occurred=event.envelope.occurred)
    match event:
        case Agreement.Drafted() | Step():
            return _paired(after_event(document, event, record))
        case Agreement.Amended():
            amendment = AmendmentEntry(text=event.text, by=event.by, basis=Basis.of(record))
            return replace(document, amendments=(*document.amendments, amendment))
        case Claim.Made() | Claim.Withdrawn() | Ruling() if about(event)[0] == "agreement":
            return replace(document, claims=with_record(document.claims, record))
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            name = about(event)[2]
        case _:
            name = event.envelope.key.partition("/")[2]
    before = next((entry for entry in document.provisions if entry.key == name), None)
    after = after_record(before or ProvisionEntry(key=name), record)
    provisions = tuple(after if entry is before else entry for entry in document.provisions)
    return replace(document, provisions=provisions if before else (*provisions, after))


def after_event(document: AgreementDocument, event: Agreement.Drafted | Step, record: Record) -> AgreementDocument:
    """An agreement after its draft or a step, but for how it stands between each pair."""
    match event:
        case Agreement.Drafted():
            joined = _joined(document, event.parties)
            ended = document.status in WITHOUT_EFFECT and not document.steps[-1].parties
            return replace(
                document,
                title=event.title,
                form=event.form,
                text=event.text,
                until=event.until,
                supersedes=event.supersedes,
                status=document.status if ended else of_parties(joined),
                parties=joined,
            )
        case Agreement.Extended():
            return _extended(document, event, record)
    return _stepped(document, event, record)


def _joined(document: AgreementDocument, named: Sequence[str]) -> tuple[PartyStanding, ...]:
    """The parties with those that are named beside them: how far the text had come as a whole, it has for each."""
    known = {standing.party for standing in document.parties}
    status, since = "drafted", None
    for step in document.steps:
        if not step.parties and step.step in OF_TEXT and (status, step.step) != ("concluded", "announced"):
            status, since = step.step, step.basis.takes_effect
    new = (PartyStanding(party=party, status=status, since=since) for party in named if party not in known)
    return (*document.parties, *new)


def _step(event: Step, record: Record) -> AgreementStepEntry:
    return AgreementStepEntry(
        step=event.STEP,
        parties=tuple(filter(None, event.takers)),
        toward=event.toward,
        by=getattr(event, "by", ()),
        witnesses=getattr(event, "witnesses", ()),
        means=getattr(event, "means", None),
        until=getattr(event, "until", None),
        note=event.note,
        basis=Basis.of(record),
    )


def _extended(document: AgreementDocument, event: Agreement.Extended, record: Record) -> AgreementDocument:
    """The agreement with another end of its term: for whom it had expired, it goes on from there."""
    parties = tuple(
        replace(party, status=party.suspended_from, since=event.envelope.takes_effect, suspended_from=None)
        if party.status == "expired" and party.suspended_from
        else party
        for party in document.parties
    )
    status = of_parties(parties) if parties != document.parties else document.status
    steps = (*document.steps, _step(event, record))
    return replace(document, steps=steps, until=event.until, parties=parties, status=status)


def _stepped(document: AgreementDocument, event: Step, record: Record) -> AgreementDocument:
    entry = _step(event, record)
    takers = entry.parties
    since = event.envelope.takes_effect
    known = _joined(document, (*takers, *event.toward))
    affected = affected_by(event, known)
    parties = tuple(
        after_step(standing, event.STEP, since) if standing.party in affected else standing for standing in known
    )
    until = document.until
    if event.STEP in IN_EFFECT and until and date_before(until, since):
        until = None  # it begins anew
    document = _between(replace(document, parties=known), event, affected)
    document = replace(document, steps=(*document.steps, entry), parties=parties, until=until)
    if takers:
        return replace(document, status=of_parties(parties)) if affected else document
    return _with_step_of_all(document, event.STEP, touched=parties != known or not known)


def _between(document: AgreementDocument, event: Step, affected: set[str]) -> AgreementDocument:
    """The document with what a step says of two parties alone: one toward some says it, any other undoes it."""
    if not event.toward and all(pair.between is None for pair in document.pairs):
        return document
    named = set(event.scopes)
    pairs = []
    for pair in _paired(document).pairs:
        both = frozenset(pair.parties)
        told = told_between(pair, event, named=both in named, affected=not affected.isdisjoint(both))
        since = told and event.envelope.takes_effect
        pairs.append(pair if told == pair.between else replace(pair, between=told, between_since=since))
    return replace(document, pairs=tuple(pairs))


def _with_step_of_all(document: AgreementDocument, step: str, *, touched: bool) -> AgreementDocument:
    """The whole after a step that was taken for it: one that has touched no party's standing changes nothing."""
    if not touched:
        return document
    if step in OF_TEXT and document.suspended_from:
        return document
    if step in OF_TEXT or step == "resumed":
        before = document.suspended_from or "drafted" if step == "resumed" else step
        status = of_parties(document.parties) if document.parties else before
        return replace(document, status=status, suspended_from=None)
    return replace(document, status=step, suspended_from=document.status if step == "suspended" else None)


def _paired(document: AgreementDocument) -> AgreementDocument:
    """The document with how it stands between each pair of its parties."""
    alone = {pair.parties: pair for pair in document.pairs if pair.between}
    both = combinations(document.parties, 2)
    pairs = tuple(pair_of(one, other, alone.get((one.party, other.party))) for one, other in both)
    issuers = document.parties if document.form in UNILATERAL else ()
    days = [*(pair.since for pair in pairs), *(one.since for one in issuers if one.status == "in-force")]
    first = min(filter(None, dict.fromkeys([document.in_force_since, *days])), key=order, default=None)
    return replace(document, pairs=pairs, in_force_since=first)


def applied_in(document: AgreementDocument, entry: ProvisionEntry, reckoner: Reckoner) -> Applied:
    """Whether a provision applies on the day: none of an agreement does that is without effect."""
    found = applied(entry, reckoner)
    if not found.applies:
        return found
    if against := against_all(document, entry.binds):
        return found._replace(applies=False, why=against)
    notes = [f"{other} is told to take the place of the agreement" for other in document.superseded_by]
    if gone := [one for one in document.parties if one.party in entry.binds and one.status in GONE]:
        notes = [f"it no longer binds all: {_ended(gone)}", *notes]
    if _is_awaited(document):
        not_yet = f"the agreement is {not_in_force(document)}"
        if isinstance(found.value, Tariff):  # a rate is levied once an agreement is in force, whatever its form
            return found._replace(applies=False, why=not_yet)
        notes = [not_yet, *notes]
    return found._replace(why="; ".join([found.why, *notes]))


def against_all(document: AgreementDocument, bound: Sequence[str] = ()) -> str | None:
    """Why nothing of an agreement applies: it is without effect; or it is a treaty, which binds once it is in force or
    applied provisionally (VCLT, articles 24 and 25), or a mere draft of anything else, and is neither.
    """
    if against := without_effect(document, bound):
        return against
    binds_later = document.form == "treaty" or document.status == "drafted"
    return f"the agreement is {not_in_force(document)}" if binds_later and _is_awaited(document) else None


def _is_awaited(document: AgreementDocument) -> bool:
    return document.form not in UNILATERAL and not is_in_effect(document)


def without_effect(document: AgreementDocument, bound: Sequence[str] = ()) -> str | None:
    """Why nothing of an agreement applies, or not any more: the whole is suspended or at an end, or fewer than two are
    left whom it binds or can bind (VCLT, articles 54 to 57 and 70); of a provision, also that all have left who are
    `bound` by it.
    """
    if document.status in WITHOUT_EFFECT:
        since = {one.since for one in document.parties if one.status == "expired"}
        return f"the agreement is {document.status}" + (f" since {since.pop()}" if len(since) == 1 else "")
    gone = [standing for standing in document.parties if standing.status in {*WITHOUT_EFFECT, "rejected"}]
    if gone and len(document.parties) - len(gone) < 2:
        return _ended(gone)
    left = [standing for standing in document.parties if standing.party in bound and standing.status in GONE]
    if bound and len(left) == len(bound):
        return f"it binds nobody any more: {_ended(left)}"
    return None


def _ended(gone: Sequence[PartyStanding]) -> str:
    told = (f"{one.status} {'by' if one.status == 'rejected' else 'for'} {one.party} since {one.since}" for one in gone)
    return f"the agreement is {', '.join(told)}"


def is_in_effect(document: AgreementDocument) -> bool:
    """Whether an agreement is in force, or applied provisionally, for anybody."""
    return any(standing.status in IN_EFFECT for standing in document.parties)


def not_in_force(document: AgreementDocument) -> str:
    """What an agreement is that is in force for nobody."""
    if document.status == "differs-by-party":
        return "in force for none of its parties"
    return f"{document.status.replace('-', ' ')}, not in force"


def on_day(document: AgreementDocument, asked: str) -> AgreementDocument:
    """The agreement at an asked time: at an end where its term is past, for all for whom it has come about and not
    ended.
    """
    until = document.until
    if until is None or not surely_before(until, asked):
        return document
    since = until if is_instant(until) else (last_date(until) + timedelta(days=1)).isoformat()
    is_text = document.status in OF_TEXT
    never = {*LEAVING, *(() if document.form in UNILATERAL or is_text else ("drafted", "rejected", *OF_TEXT))}
    if all(party.status in never for party in document.parties):
        return document
    parties = tuple(
        party if party.status in never else replace(party, status="expired", since=since, suspended_from=None)
        for party in document.parties
    )
    status = (
        "expired" if is_text else of_parties(tuple(one for one in parties if one.status not in never - {"expired"}))
    )
    return _paired(replace(document, parties=parties, status=status, suspended_from=None))


def reckoned(document: AgreementDocument, reckoner: Reckoner) -> AgreementDocument:
    """The agreement with what applies of it on the day."""
    document = on_day(document, reckoner.asked)
    provisions = []
    for entry in document.provisions:
        found = applied_in(document, entry, reckoner)
        status = "part" if is_over(entry.suspended_until, reckoner.asked) else entry.status
        day = reckoner.deadline(found.value.rule).day if isinstance(found.value, RuledDate) else None
        told = replace(entry, status=status, applies=found.applies, why=found.why, value=found.value, day=day)
        provisions.append(told)
    later = reckoner.to_come(lambda event: _is_step_of(document.key, event))
    to_come = tuple(_step_to_come(record) for record in later if not _is_removed(record, reckoner))
    return replace(document, provisions=tuple(provisions), to_come=to_come)


def _is_step_of(key: str, event: DomainEvent) -> bool:
    """Whether an event is a step of an agreement, or of a provision of it."""
    if isinstance(event, Step):
        return event.envelope.key == key
    return type(event).TOPIC.startswith("Provision.") and event.envelope.key.partition("/")[0] == key


def _is_removed(record: Record, reckoner: Reckoner) -> bool:
    """Whether a provision was removed after a step of it that has not taken effect, which then never does."""
    event = record.event
    if isinstance(event, Step):
        return False
    steps = reckoner.steps(Provision.KIND, event.envelope.key)
    return any(isinstance(step.event, Provision.Removed) and step.place > record.place for step in steps)


def _step_to_come(record: Record) -> StepToComeEntry:
    event = record.event
    if isinstance(event, Step):
        return StepToComeEntry(**asdict(_step(event, record)))
    return StepToComeEntry(
        step=step_of(event),
        parties=(),
        toward=(),
        by=(),
        witnesses=(),
        means=None,
        until=getattr(event, "until", None),
        note=None,
        basis=Basis.of(record),
        provision=event.envelope.key.partition("/")[2],
        title=getattr(event, "title", None),
        text=getattr(event, "text", None),
        value=getattr(event, "value", None),
        binds=getattr(event, "binds", None),
    )


def index(document: AgreementDocument) -> Index:
    return Index(
        kind=document.form,
        when=document.last_occurred or "",
        parties=frozenset(
            (
                *(standing.party for standing in document.parties),
                *(witness for step in document.steps for witness in step.witnesses),
            )
        ),
        issues=frozenset(entry.issue for entry in document.provisions if entry.issue),
        text=(
            *(document.key, document.title, document.text),
            *(who for step in document.steps for who in step.by),
            *((p.number, p.title, p.text, p.condition, p.value) for p in document.provisions),
            *(dependence.value for p in document.provisions for dependence in p.depends_on),
        ),
        shown=bool(document.form or document.steps),
    )


VIEW = View(
    "agreements",
    AgreementDocument,
    keys,
    evolve,
    index,
    listed="both",
    kinds=get_args(Form),
    of=(Agreement, Provision, Vote, Claim, Finding),
    reckoned=reckoned,
)
