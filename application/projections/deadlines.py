"""Deadlines: when each is due, the chain of revisions, how it ended, and what anybody said about it.

Which day a rule gives and how things stand are worked out when asked, for each reading by itself.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal, get_args

from msgspec.structs import replace

from application.reckoning import Reckoner, WorkedOut
from application.stand import Stand, about, current, with_record
from application.view import Basis, Document, Index, Record, View
from domain.claim import Claim, issue_of
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding
from domain.moment import is_vague, last_date, surely_before
from domain.rule import Rule
from domain.value import RuledDate, When

Status = Literal[
    "upcoming", "overdue", "met", "met-late", "lapsed", "waived", "overtaken", "cancelled", "undated", "not-yet", "open"
]
STATUSES: tuple[str, ...] = get_args(Status)
"""`undated` where the day is not known; by a reading of `not-before`, `not-yet` until that day and then `open`."""


class Revision(Fact, omit_defaults=False, frozen=True):
    """When it was due, or by which rule, as one record set it; `day` is the day that this makes."""

    due: str | None
    rule: Rule | None
    party: str | None
    basis: Basis
    day: str | None = None


class Reading(Fact, omit_defaults=False, frozen=True):
    """One reading of when it is due: as it was set, or by a claim. `days_left` is below 0 once the day is past."""

    claimant: str | None
    claim: str | None
    day: str | None
    bound: str
    days_left: int | None
    status: Status
    says: str
    basis: Basis


class DeadlineDocument(Document, frozen=True):
    """One deadline; `due` and `rule` are those of the last revision, as are `day`, `days_left` and `status`.

    `readings` has that of the last revision first, and then what each claimant makes of it.
    """

    title: str = ""
    about: str | None = None
    party: str | None = None
    status: str = "open"
    due: str | None = None
    rule: Rule | None = None
    revisions: tuple[Revision, ...] = ()
    outcome: Literal["met", "met-late", "waived", "lapsed", "overtaken"] | None = None
    outcome_basis: Basis | None = None
    claims: tuple[Stand, ...] = ()
    day: str | None = None
    days_left: int | None = None
    says: str = ""
    readings: tuple[Reading, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    kind, *key = about(event)
    if kind == "deadline":
        yield key[0]
    elif type(event).TOPIC.startswith("Deadline."):
        yield event.envelope.key


def evolve(document: DeadlineDocument | None, record: Record, key: str) -> DeadlineDocument:
    event = record.event
    document = document or DeadlineDocument(negotiation=event.envelope.negotiation, key=key)
    match event:
        case Deadline.Set():
            return _due(replace(document, title=event.title, about=event.about, party=event.party), record, event)
        case Deadline.Revised():
            return _due(document, record, event)
        case Deadline.Cancelled():
            return replace(document, status="cancelled", outcome=None, outcome_basis=None)
        case Deadline.OutcomeRecorded():
            return replace(document, status="ended", outcome=event.outcome, outcome_basis=Basis.of(record))
    return replace(document, claims=with_record(document.claims, record))


def _due(document: DeadlineDocument, record: Record, event: Deadline.Set | Deadline.Revised) -> DeadlineDocument:
    revision = Revision(due=event.due, rule=event.rule, party=event.party, basis=Basis.of(record))
    return replace(
        document,
        status="open",
        due=event.due,
        rule=event.rule,
        revisions=(*document.revisions, revision),
        outcome=None,
        outcome_basis=None,
    )


def reckoned(document: DeadlineDocument, reckoner: Reckoner) -> DeadlineDocument:
    """The deadline on the day: overdue without news means that the outcome is unknown, never that it was missed."""
    if not document.revisions:
        return document
    last = document.revisions[-1]
    revised = [*(one.basis.occurred for one in document.revisions[1:]), None]
    own = _reading(document, None, last, reckoner)
    told = [stand for stand in current(document.claims) if isinstance(stand.value, When | RuledDate)]
    readings = [_reading(document, stand, last, reckoner) for stand in told]
    return replace(
        document,
        revisions=tuple(
            replace(one, day=_day(one, reckoner, before).day)
            for one, before in zip(document.revisions, revised, strict=True)
        ),
        status=own.status,
        day=own.day,
        days_left=own.days_left,
        says=own.says,
        readings=(own, *(reading for reading in readings if not _was_before(reading, document.revisions))),
    )


def _was_before(reading: Reading, revisions: tuple[Revision, ...]) -> bool:
    """Whether a reading is of an earlier term: told before the last revision, of a last day that had come by then."""
    if len(revisions) == 1 or reading.bound != "by":
        return False
    revised = revisions[-1].basis.occurred
    has_come = reading.day is not None and reading.day <= last_date(revised).isoformat()
    return has_come and surely_before(reading.basis.occurred, revised)


def _day(told: Revision, reckoner: Reckoner, before: str | None = None) -> WorkedOut:
    """A due date counts until its last day, where no more than a month or year is told; a rule from what had happened
    before it was revised.
    """
    if told.due:
        return WorkedOut(day=last_date(told.due).isoformat(), says=f"on {told.due}")
    return reckoner.deadline(told.rule, before) if told.rule else WorkedOut(day=None, says="no day is told")


def _reading(document: DeadlineDocument, stand: Stand | None, last: Revision, reckoner: Reckoner) -> Reading:
    value = stand.value if stand else None
    rule = value.rule if isinstance(value, RuledDate) else None if stand else last.rule
    due = value.date if isinstance(value, When) else None if stand else last.due
    basis = stand.basis if stand else last.basis
    found = _day(Revision(due=due, rule=rule, party=None, basis=basis), reckoner)
    bound = rule.bound if rule and not due else "by"
    day = date.fromisoformat(found.day) if found.day else None
    status = _status(document, due or found.day, bound, reckoner.asked, own=stand is None)
    return Reading(
        claimant=stand.claimant if stand else None,
        claim=stand.claim if stand else None,
        day=found.day,
        bound=bound,
        days_left=_days_left(day, reckoner.day, status),
        status=status,
        says=f"{found.says}; overdue, outcome unknown" if status == "overdue" else found.says,
        basis=basis,
    )


def _days_left(due: date | None, day: date, status: Status) -> int | None:
    """By the dates as they are told: where the day is over in one zone and not in another, none of it is left."""
    if due is None or status not in {"upcoming", "overdue", "not-yet"}:
        return None
    days = (due - day).days
    return min(days, 0) if status == "overdue" else max(days, 0)


def _status(document: DeadlineDocument, due: str | None, bound: str, asked: str, *, own: bool) -> Status:
    """How things stand at an asked time: instants compare as such, all else by the dates as they are told. By a reading
    other than the `own` nothing has lapsed before its day.
    """
    outcome, told = document.outcome, document.outcome_basis
    if outcome == "lapsed" and not own and told and due and surely_before(told.occurred, due):
        outcome = outcome if surely_before(due, asked) else None
    if outcome in {"met", "met-late"} and told and due and bound == "by":
        if surely_before(due, told.occurred):
            return "met-late"
        return outcome if is_vague(told.occurred) else "met"
    if outcome or document.status == "cancelled":
        return outcome or "cancelled"
    if due is None:
        return "undated"
    if bound == "not-before":
        return "not-yet" if surely_before(asked, due) else "open"
    return "overdue" if surely_before(due, asked) else "upcoming"


def index(document: DeadlineDocument) -> Index:
    due = document.day or document.due
    return Index(
        kind=document.status,
        statuses=frozenset({document.status, *(reading.status for reading in document.readings)}),
        when=due or "",
        parties=frozenset(filter(None, [document.party, *(revision.party for revision in document.revisions)])),
        issues=frozenset(filter(None, [issue_of(document.about or "")])),
        text=(document.key, document.title, document.rule and document.rule.after),
    )


VIEW = View(
    "deadlines",
    DeadlineDocument,
    keys,
    evolve,
    index,
    listed="both",
    kinds=STATUSES,
    of=(Deadline, Claim, Finding),
    reckoned=reckoned,
    by_day=True,
)
