"""The calendar of a negotiation: its rounds, sessions and deadlines as entries of days, or of the hour where that was
told (RFC 5545).
"""

from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event

from application.projections.deadlines import DeadlineDocument, Reading
from application.projections.deadlines import reckoned as reckoned_deadline
from application.projections.rounds import RoundDocument
from application.reckoning import Survey
from domain.moment import first_date, instant, is_instant, last_date
from domain.value import When


def calendar(negotiation: str, survey: Survey) -> bytes:
    """All that has a time: rounds as held, or as planned; sessions; and each deadline by each reading of it."""
    feed = Calendar()
    feed.add("prodid", "-//Parley//Negotiations//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", negotiation)
    stamp = datetime.combine(survey.day, time(), UTC)
    for held in survey.documents(RoundDocument):
        _add_round(feed, held, stamp)
    for due in survey.documents(DeadlineDocument):
        _add_deadline(feed, reckoned_deadline(due, survey), stamp)
    return bytes(feed.to_ical())


def _add_round(feed: Calendar, document: RoundDocument, stamp: datetime) -> None:
    if document.kind not in {"round", "session"} or document.status == "cancelled":
        return
    start, end = document.held
    title = document.title or f"{document.kind.capitalize()} {document.key.partition('/')[2]}"
    start = start or end  # of some rounds only the end is on record
    if start is None and document.planned:
        start, end = document.planned[-1]
        title = f"{title} (planned)"
    if start:
        _add(feed, document.key, start, end or start, title, stamp, location=document.place)


def _add_deadline(feed: Calendar, document: DeadlineDocument, stamp: datetime) -> None:
    """One entry for each day or instant that the readings come to, with who reads it so."""
    if document.status == "cancelled":
        return
    told = {claim.claim: claim.value.date for claim in document.claims if isinstance(claim.value, When)}
    readings: dict[str, list[Reading]] = {}
    for reading in document.readings:
        due = told.get(reading.claim) if reading.claim else document.due
        if reading.day:
            when = instant(due).isoformat() if due and is_instant(due) else reading.day
            readings.setdefault(when, []).append(reading)
    for when, alike in readings.items():
        who = ", ".join(dict.fromkeys(reading.claimant or "as set" for reading in alike))
        says = "\n".join(f"{reading.claimant or 'as set'}: {reading.says}" for reading in alike)
        begins = "Not before" if alike[0].bound == "not-before" else "Due"
        title = f"{document.title}: {alike[0].status}" if document.outcome else f"{begins}: {document.title} ({who})"
        _add(feed, f"deadline/{document.key}/{alike[0].claim or 'as-set'}", when, when, title, stamp, description=says)


def _add(feed: Calendar, uid: str, start: str, end: str, summary: str, stamp: datetime, **told: str | None) -> None:
    """An entry between two instants, or at one, where both are told so; else of whole days, and of what is told vaguely
    from its first day to its last.
    """
    entry = Event()
    entry.add("uid", f"{feed['x-wr-calname']}/{uid}@parley")
    entry.add("dtstamp", stamp)
    if is_instant(start) and is_instant(end):
        entry.add("dtstart", instant(start))
        if instant(end) > instant(start):
            entry.add("dtend", instant(end))
    else:
        entry.add("dtstart", date.fromisoformat(first_date(start)))
        entry.add("dtend", max(last_date(end), last_date(start)) + timedelta(days=1))
    entry.add("summary", summary)
    entry.add("transp", "TRANSPARENT")
    for name, value in told.items():
        if value:
            entry.add(name, value)
    feed.add_component(entry)
