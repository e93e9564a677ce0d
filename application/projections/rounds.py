"""Rounds: planned and held dates apart, with their sessions; and the meetings, calls, proposals, joint statements and
incidents that belong to none."""

from collections.abc import Iterator

from msgspec.structs import replace

from application.stand import Stand, about, with_record
from application.view import Basis, Document, Index, Record, View
from application.voted import VoteEntry
from domain.claim import Claim
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.incident import Incident
from domain.negotiation import Negotiation
from domain.proposal import Proposal
from domain.round import Round
from domain.session import Participant, Session
from domain.vote import Vote


class SessionEntry(Fact, omit_defaults=False, frozen=True):
    """Who met whom."""

    session: str
    form: str
    title: str | None
    place: str | None
    began: str | None
    ended: str | None
    participants: tuple[Participant, ...]
    issues: tuple[str, ...]
    account: str | None
    basis: Basis


class StatementEntry(Fact, omit_defaults=False, frozen=True):
    """What parties said together."""

    statement: str
    parties: tuple[str, ...]
    text: str
    basis: Basis


class ProposalEntry(Fact, omit_defaults=False, frozen=True):
    """What was tabled, and to whom, where that was told."""

    party: str
    to: tuple[str, ...]
    title: str
    text: str
    issues: tuple[str, ...]
    basis: Basis


class IncidentEntry(Fact, omit_defaults=False, frozen=True):
    """What happened outside the talks."""

    text: str | None
    parties: tuple[str, ...]
    issues: tuple[str, ...]
    basis: Basis


class AnswerEntry(Fact, omit_defaults=False, frozen=True):
    """What a party answered."""

    party: str
    answer: str
    counter: str | None
    text: str | None
    basis: Basis


class RoundDocument(Document, frozen=True):
    """A round, or a session, proposal, statement or incident by itself, as `kind` says.

    `planned` holds every planned pair of dates in turn; `held` the first and last day of the talks. A proposal is
    `accepted_by` those whose last answer that is, and not only in part; one that is addressed to some stays tabled as
    long as answers of theirs are `awaited`, and `votes` are those on it. `claims` are what anybody said about it,
    such as whether a meeting was part of the talks.
    """

    kind: str
    round: str | None
    title: str | None = None
    status: str = ""
    place: str | None = None
    planned: tuple[tuple[str, str | None], ...] = ()
    held: tuple[str | None, str | None] = (None, None)
    outcome: str | None = None
    sessions: tuple[SessionEntry, ...] = ()
    statements: tuple[StatementEntry, ...] = ()
    proposal: ProposalEntry | None = None
    answers: tuple[AnswerEntry, ...] = ()
    accepted_by: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    votes: tuple[VoteEntry, ...] = ()
    incident: IncidentEntry | None = None
    claims: tuple[Stand, ...] = ()
    first_occurred: str = ""


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Session.Held():
            yield f"session/{event.envelope.key}"
            if event.round:
                yield f"round/{event.round}"
        case Negotiation.StatementIssued():
            yield f"round/{event.round}" if event.round else f"statement/{event.statement}"
        case Proposal.Tabled() | Proposal.Answered() | Proposal.Withdrawn():
            yield f"proposal/{event.envelope.key}"
        case Vote.Held(about=str(told)) if told.startswith("proposal/"):
            yield "/".join(told.split("/")[:2])
        case Incident.Occurred():
            yield f"incident/{event.envelope.key}"
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            kind, key, *_ = about(event)
            if kind in {"round", "session", "proposal", "incident"}:
                yield f"{kind}/{key}"
        case _ if type(event).TOPIC.startswith("Round."):
            yield f"round/{event.envelope.key}"


def evolve(document: RoundDocument | None, record: Record, key: str) -> RoundDocument:
    event = record.event
    basis = Basis.of(record)
    kind, _, name = key.partition("/")
    document = document or RoundDocument(
        negotiation=event.envelope.negotiation,
        key=key,
        kind=kind,
        round=name if kind == "round" else None,
        first_occurred=event.envelope.occurred,
    )
    match event:
        case Session.Held():
            entry = SessionEntry(
                session=event.envelope.key,
                form=event.form,
                title=event.title,
                place=event.place,
                began=event.began,
                ended=event.ended,
                participants=event.participants,
                issues=event.issues,
                account=event.account,
                basis=basis,
            )
            document = replace(document, round=event.round, sessions=(*document.sessions, entry))
            if kind == "round":
                return document
            held = (event.began or event.envelope.occurred, event.ended)
            return replace(document, status="held", held=held, title=event.title, place=event.place)
        case Negotiation.StatementIssued():
            statement = StatementEntry(statement=event.statement, parties=event.parties, text=event.text, basis=basis)
            document = replace(document, statements=(*document.statements, statement))
            return document if kind == "round" else replace(document, status="issued")
        case Proposal.Tabled():
            proposal = ProposalEntry(
                party=event.party, to=event.to, title=event.title, text=event.text, issues=event.issues, basis=basis
            )
            return _answered(replace(document, round=event.round, title=event.title, proposal=proposal))
        case Proposal.Answered():
            answer = AnswerEntry(
                party=event.party, answer=event.answer, counter=event.counter, text=event.text, basis=basis
            )
            return _answered(replace(document, answers=(*document.answers, answer)))
        case Proposal.Withdrawn():
            return replace(document, status="withdrawn", awaited=())
        case Vote.Held():
            return replace(document, votes=(*document.votes, VoteEntry.of(event, record)))
        case Incident.Occurred():
            incident = IncidentEntry(text=event.text, parties=event.parties, issues=event.issues, basis=basis)
            return replace(document, title=event.title, place=event.place, incident=incident, status="occurred")
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            return replace(document, claims=with_record(document.claims, record))
    return _round(document, event)


def _answered(document: RoundDocument) -> RoundDocument:
    """A proposal as its answers have it: what all said last who were asked, or who did answer where none was. One that
    was withdrawn stays so.
    """
    last = {answer.party: answer.answer for answer in document.answers}
    asked = (document.proposal and document.proposal.to) or tuple(last)
    awaited = tuple(party for party in asked if party not in last)
    said = {last[party] for party in asked if party in last}
    status = "tabled" if awaited or not said else said.pop() if len(said) == 1 else "differs-by-party"
    accepted_by = tuple(party for party, answer in last.items() if answer == "accepted")
    if document.status == "withdrawn":
        status, awaited = "withdrawn", ()
    return replace(document, status=status, accepted_by=accepted_by, awaited=awaited)


def _round(document: RoundDocument, event: DomainEvent) -> RoundDocument:
    began, ended = document.held
    match event:
        case Round.Scheduled() | Round.Rescheduled():
            planned = (*document.planned, (event.planned_start, event.planned_end))
            title = event.title if isinstance(event, Round.Scheduled) else None
            status = document.status if document.status in {"open", "closed"} else "planned"
            return replace(
                document,
                planned=planned,
                place=event.place or document.place,
                title=title or document.title,
                status=status,
            )
        case Round.Cancelled():
            return replace(document, status="cancelled")
        case Round.Opened():
            return replace(
                document,
                status="closed" if document.status == "closed" else "open",
                held=(event.envelope.occurred, ended),
                place=event.place or document.place,
                title=event.title or document.title,
            )
        case Round.Extended():
            start = document.planned[-1][0] if document.planned else began or event.envelope.occurred
            return replace(document, planned=(*document.planned, (start, event.planned_end)))
        case Round.Closed():
            return replace(document, status="closed", held=(began, event.envelope.occurred), outcome=event.outcome)
    return document


def index(document: RoundDocument) -> Index:
    parties = {who.party for session in document.sessions for who in session.participants}
    parties.update(party for statement in document.statements for party in statement.parties)
    parties.update(answer.party for answer in document.answers)
    issues = {issue for session in document.sessions for issue in session.issues}
    if document.proposal:
        parties.update((document.proposal.party, *document.proposal.to))
        issues.update(document.proposal.issues)
    if document.incident:
        parties.update(document.incident.parties)
        issues.update(document.incident.issues)
    told = (document.sessions, document.statements, document.answers, document.incident)
    return Index(
        kind=document.kind,
        when=document.held[0] or document.first_occurred,
        parties=frozenset(parties),
        issues=frozenset(issues),
        text=(document.key, document.title, document.place, document.outcome, document.proposal, told),
    )


VIEW = View(
    "rounds",
    RoundDocument,
    keys,
    evolve,
    index,
    kinds=("round", "session", "proposal", "statement", "incident"),
    of=(Round, Session, Negotiation, Proposal, Vote, Incident, Claim, Finding),
)
