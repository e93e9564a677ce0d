"""Agreements: how far each has come for each party and between each pair, its provisions, and how they are read."""

from collections.abc import Iterator
from itertools import combinations
from typing import get_args

from msgspec.structs import replace

from application.provisions import Applied, ProvisionEntry, after_record, applied
from application.reckoning import Reckoner
from application.stand import Stand, about, current, with_record
from application.view import Basis, Document, Index, Record, View
from domain.agreement import Agreement, Form, Step
from domain.claim import Claim, aspect_of
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.moment import order
from domain.provision import Provision
from domain.session import Participant


class StepEntry(Fact, omit_defaults=False, frozen=True):
    """A step in the life of the instrument; no parties means the instrument as a whole."""

    step: str
    parties: tuple[str, ...]
    by: tuple[Participant, ...]
    means: str | None
    note: str | None
    basis: Basis


class Standing(Fact, omit_defaults=False, frozen=True):
    """How far the agreement has come for one party, and since when."""

    party: str
    status: str
    since: str | None


class PairStanding(Fact, omit_defaults=False, frozen=True):
    """Whether it is in force between two parties (VCLT, article 24), and since when."""

    parties: tuple[str, str]
    in_force: bool
    since: str | None


class Amendment(Fact, omit_defaults=False, frozen=True):
    """What changed, and by which instrument."""

    text: str
    by: str | None
    basis: Basis


class AgreementDocument(Document, frozen=True):
    """One agreement. `claims` are those about it as a whole, such as whether it binds.

    `status` is what the steps on record make it; `accounts` are what each claimant says that it is.
    """

    title: str = ""
    form: str = ""
    text: str | None = None
    status: str = "drafted"
    parties: tuple[Standing, ...] = ()
    pairs: tuple[PairStanding, ...] = ()
    steps: tuple[StepEntry, ...] = ()
    provisions: tuple[ProvisionEntry, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    claims: tuple[Stand, ...] = ()
    accounts: tuple[Stand, ...] = ()
    last_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            kind, key, *_ = about(event)
            if kind in {"agreement", "provision"}:
                yield key
        case _ if type(event).TOPIC.startswith("Agreement."):
            yield event.envelope.key
        case _ if type(event).TOPIC.startswith("Provision."):
            yield event.envelope.key.partition("/")[0]


def evolve(document: AgreementDocument | None, record: Record, key: str) -> AgreementDocument:
    event = record.event
    document = document or AgreementDocument(negotiation=event.envelope.negotiation, key=key)
    document = replace(document, last_occurred=event.envelope.occurred)
    match event:
        case Agreement.Drafted():
            parties = tuple(Standing(party=party, status="drafted", since=None) for party in event.parties)
            drafted = replace(document, title=event.title, form=event.form, text=event.text)
            return _standing(replace(drafted, parties=_joined(document.parties, parties)))
        case Agreement.Amended():
            amendment = Amendment(text=event.text, by=event.by, basis=Basis.of(record))
            return replace(document, amendments=(*document.amendments, amendment))
        case Step():
            return _standing(_stepped(document, event, record))
        case Claim.Made() | Claim.Withdrawn() | Ruling() if about(event)[0] == "agreement":
            claims = with_record(document.claims, record)
            accounts = tuple(s for s in current(claims) if aspect_of(s.subject) == "status")
            return replace(document, claims=claims, accounts=accounts)
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            name = about(event)[2]
        case _:
            name = event.envelope.key.partition("/")[2]
    before = next((entry for entry in document.provisions if entry.key == name), None)
    after = after_record(before or ProvisionEntry(key=name), record)
    provisions = tuple(after if entry is before else entry for entry in document.provisions)
    return replace(document, provisions=provisions if before else (*provisions, after))


def _joined(known: tuple[Standing, ...], drafted: tuple[Standing, ...]) -> tuple[Standing, ...]:
    names = {standing.party for standing in known}
    return (*known, *(standing for standing in drafted if standing.party not in names))


def _stepped(document: AgreementDocument, event: Step, record: Record) -> AgreementDocument:
    takers = tuple(filter(None, event.takers))
    entry = StepEntry(
        step=event.STEP,
        parties=takers,
        by=getattr(event, "by", ()),
        means=getattr(event, "means", None),
        note=event.note,
        basis=Basis.of(record),
    )
    since = event.envelope.takes_effect
    known = _joined(document.parties, tuple(Standing(party=taker, status="", since=None) for taker in takers))
    affected = takers or (tuple(p.party for p in known) if event.STEP in {"suspended", "resumed", "terminated"} else ())
    parties = tuple(
        _after(standing, event.STEP, since) if standing.party in affected else standing for standing in known
    )
    status = document.status if takers else "in-force" if event.STEP == "resumed" else event.STEP
    return replace(document, steps=(*document.steps, entry), parties=parties, status=status)


_WAY = ("announced", "concluded", "initialled", "signed", "ratified", "deposited")
"""The steps towards being bound (VCLT, articles 9 to 16), in their order."""
_FURTHER = (*_WAY, "applied-provisionally", "in-force", "suspended")


def _after(standing: Standing, step: str, since: str) -> Standing:
    """A party's standing after a step: none towards being bound takes back one that has come further."""
    further = _FURTHER[_WAY.index(step) + 1 :] if step in _WAY else ()
    if standing.status in further:
        return standing
    return replace(standing, status="in-force" if step == "resumed" else step, since=since)


def _standing(document: AgreementDocument) -> AgreementDocument:
    """The pairs, and the status of the whole where the parties' steps say it."""
    pairs = tuple(
        PairStanding(
            parties=(one.party, other.party),
            in_force=one.status == other.status == "in-force",
            since=max(one.since or "", other.since or "", key=order)
            if one.status == other.status == "in-force"
            else None,
        )
        for one, other in combinations(document.parties, 2)
    )
    statuses = {standing.status for standing in document.parties}
    status = document.status
    if document.steps and document.steps[-1].parties and statuses:
        status = statuses.pop() if len(statuses) == 1 else "differs-by-party"
    return replace(document, pairs=pairs, status=status)


WITHOUT_EFFECT = {"suspended", "terminated", "withdrawn"}


def applied_in(document: AgreementDocument, entry: ProvisionEntry, reckoner: Reckoner) -> Applied:
    """Whether a provision applies on the day: none of an agreement does that is without effect."""
    found = applied(entry, reckoner)
    against = _without_effect(document) if found.applies else None
    return found._replace(applies=False, why=against) if against else found


def _without_effect(document: AgreementDocument) -> str | None:
    """Why nothing of an agreement applies any more: the whole is suspended or at an end, or fewer than two are left
    whom it binds (VCLT, articles 54 to 57 and 70).
    """
    if document.status in WITHOUT_EFFECT:
        return f"the agreement is {document.status}"
    gone = [standing for standing in document.parties if standing.status in WITHOUT_EFFECT]
    if gone and len(document.parties) - len(gone) < 2:
        return f"the agreement is {', '.join(f'{one.status} for {one.party} since {one.since}' for one in gone)}"
    return None


def reckoned(document: AgreementDocument, reckoner: Reckoner) -> AgreementDocument:
    """The agreement with what applies of it on the day."""
    provisions = []
    for entry in document.provisions:
        found = applied_in(document, entry, reckoner)
        provisions.append(replace(entry, applies=found.applies, why=found.why, value=found.value))
    return replace(document, provisions=tuple(provisions))


def index(document: AgreementDocument) -> Index:
    return Index(
        kind=document.form,
        date=order(document.last_occurred),
        parties=frozenset(standing.party for standing in document.parties),
        issues=frozenset(entry.issue for entry in document.provisions if entry.issue),
        text=(document.key, document.title, document.text, *((p.title, p.text) for p in document.provisions)),
    )


VIEW = View(
    "agreements",
    AgreementDocument,
    keys,
    evolve,
    index,
    kinds=get_args(Form),
    of=(Agreement, Provision, Claim, Finding),
    reckoned=reckoned,
)
