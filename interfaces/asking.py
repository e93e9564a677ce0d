"""What a read can ask for: the three times and the policy, and what a list is narrowed to."""

import base64
import json
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Header, Path
from pydantic import BaseModel, ConfigDict, Field, create_model

from application.listing import ALONE, Query
from application.policy import PolicyName
from application.projections.deadlines import STATUSES
from application.replay import Times
from application.view import Row, View
from domain.model import EVENT_OF_TOPIC
from domain.moment import Asked as Moment
from domain.moment import Moment as AnyMoment
from domain.moment import Period, instant, is_instant, latest_date, order
from domain.text import Line, Slug
from interfaces.problems import Problem

_AFTER_ALL = "\uffff"

KEY_LETTER, KEY_MAX = "[a-z0-9/:-]", 400
_KEY_PATTERN = f"^{KEY_LETTER}+$"
Key = Annotated[
    str, Path(max_length=KEY_MAX, pattern=_KEY_PATTERN, description="the document's `key`, as lists show it")
]
DocumentKey = Annotated[str, Field(max_length=KEY_MAX, pattern=_KEY_PATTERN, description="the document's `key`")]
IfNoneMatch = Annotated[str | None, Header(description="the ETag of an answer at hand: 304 where it still holds")]


class Asked(BaseModel):
    """What every read of the log takes."""

    model_config = ConfigDict(extra="forbid")
    min_position: Annotated[
        int | None, Field(ge=0, le=2**62, description="wait until this position is in the answer")
    ] = None


class AskedTimes(Asked):
    """At which times a state is asked for."""

    as_of: Annotated[Moment | None, Field(description="what had happened and taken effect by then")] = None
    public_at: Annotated[Moment | None, Field(description="what had been published by then")] = None
    known_at: Annotated[Moment | None, Field(description="what Parley had taken down by then")] = None

    @property
    def times(self) -> Times:
        return Times(as_of=self.as_of, public_at=self.public_at, known_at=self.known_at)


class AskedAt(AskedTimes):
    """What every read of a view takes. Without a time or a policy the stored document answers."""

    policy: PolicyName = "none"

    @property
    def is_now(self) -> bool:
        """Whether the stored documents answer."""
        return self.times == Times() and self.policy == "none"


class AskedList(AskedAt):
    """What every list takes."""

    party: Slug | None = None
    issue: Slug | None = None
    kind: str | None = None
    date_from: Annotated[Period | None, Field(alias="from")] = None
    date_to: Annotated[Period | None, Field(alias="to", description="inclusive")] = None
    q: Annotated[Line | None, Field(description="words, each taken as a beginning")] = None
    sort: Literal["date", "-date", "key", "-key"] = "date"
    cursor: Annotated[str | None, Field(max_length=2000, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AskedAcross(AskedList):
    """What a list across negotiations takes."""

    negotiation: Slug | None = None


class AskedDeadlines(AskedList):
    """What a list of deadlines takes."""

    status: Annotated[
        Literal[*STATUSES] | None,  # type: ignore[valid-type]
        Field(description="how things stand on the day, by any of the readings"),
    ] = None


class AskedDeadlinesAcross(AskedDeadlines, AskedAcross):
    """What a list of deadlines across negotiations takes."""


def of_view(asked: type[AskedList], view: View) -> type[AskedList]:
    """What a list of a view takes: the kinds that its documents can be of."""
    kind = Literal[*view.kinds] | None  # type: ignore[valid-type]
    told = Field(None, description="the documents' kind, form, nature, rule or status")
    return create_model(f"{asked.__name__}Of{view.name.title()}", __base__=asked, kind=(kind, told))


class AskedRecords(Asked):
    """How the log is narrowed; bounds are inclusive."""

    negotiation: Slug | None = None
    stream: Annotated[str | None, Field(pattern=r"^[a-z]+/[a-z0-9/-]+$", examples=["round/3"])] = None
    type: Literal[*sorted(EVENT_OF_TOPIC)] | None = None  # type: ignore[valid-type]
    party: Slug | None = None
    occurred_from: Period | None = None
    occurred_to: Period | None = None
    published_from: Period | None = None
    published_to: Period | None = None
    recorded_from: AnyMoment | None = None
    recorded_to: AnyMoment | None = None
    form: Annotated[
        Literal["served", "stored"],
        Field(description="`stored`: as they are proved, with what can be erased encrypted"),
    ] = "served"
    after: Annotated[int, Field(ge=0, le=2**62, description="the position after which to go on")] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def refuse_future(known_at: str | None, now: datetime) -> None:
    """Nobody can say what Parley will know. A date is one that has begun somewhere."""
    if known_at and (instant(known_at) > now if is_instant(known_at) else known_at > latest_date(now)):
        raise Problem(
            422,
            "known-at-in-the-future",
            f"known_at: {known_at} is yet to come: what Parley will know then cannot be asked yet.",
        )


def query(view: str, negotiation: str | None, asked: AskedList) -> Query:
    """What a list asks of a store, one document more than its page holds."""
    if asked.date_from and asked.date_to and order(asked.date_from) >= _until(asked.date_to):
        raise Problem(422, "to-before-from", f"to: {asked.date_to} lies before {asked.date_from}.")
    return Query(
        view=view,
        negotiations=frozenset([negotiation]) if negotiation else None,
        kind=asked.kind,
        status=asked.status if isinstance(asked, AskedDeadlines) else None,
        party=asked.party,
        issue=asked.issue,
        date_from=asked.date_from and order(asked.date_from),
        date_to=asked.date_to and _until(asked.date_to),
        text=asked.q,
        sort=asked.sort,
        after=_uncursor(view, asked.sort, asked.cursor),
        limit=asked.limit + 1,
    )


def bound(name: str, value: str) -> str:
    """The key that a bound of a range compares with; a `to` takes in its whole date."""
    if name.startswith("recorded"):
        value = instant(value).isoformat(timespec="microseconds") if is_instant(value) else value
        return value + _AFTER_ALL if name.endswith("_to") else value
    if name.endswith("_to"):
        return _until(value)
    return order(value) if name.endswith("_from") else value


def _until(period: str) -> str:
    """The key just after everything in a period."""
    return period + _AFTER_ALL


def cursor(view: str, sort: str, place: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([view, sort, *place]).encode()).decode()


def _uncursor(view: str, sort: str, cursor: str | None) -> Row | None:
    """Where a page goes on. A cursor goes with its list and its order alone."""
    if cursor is None:
        return None
    try:
        told = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[str, str, str, str, str])
    except (ValueError, RecursionError):
        told = ("", "", "", "", "")
    if told[:2] != (view, sort) or "\0" in "".join(told):  # a letter that PostgreSQL does not take
        raise Problem(422, "bad-cursor", "A cursor is the `next` of an earlier page of the same list, sorted alike.")
    return told[2:]


def key_of(view: str | None, negotiation: str, key: str | None) -> str | None:
    """The key of a document; of the views that are one document, it goes without saying."""
    return key or (negotiation if view == "negotiations" else view if view in ALONE else None)
