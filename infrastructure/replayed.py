"""Replayed states: histories held in memory, and documents folded from them at the times asked."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from application.fold import Place, view_named
from application.listing import Query, select
from application.policy import Policy, policy
from application.projections.negotiations import NegotiationDocument
from application.reckoning import Reckoner
from application.replay import Held, History, Times, merged
from application.view import Record, Row, View

RECORDS_MAX = 300_000
"""How many records are held in memory, of the negotiations asked for last; one is held however long it is."""
NARROWED_MAX = 8


class Source(Protocol):
    """Where histories are read from: the log, or an archive of it."""

    def of(self, negotiation: str, after: int = 0) -> list[Record]: ...

    def negotiations(self) -> list[str]: ...


class Histories:
    """The histories of negotiations, read when they are first asked for. One thread uses it at a time."""

    def __init__(self, log: Source) -> None:
        self._log = log
        self._held: OrderedDict[str, History] = OrderedDict()
        self._narrowed: OrderedDict[tuple[str, str | None, str | None], tuple[int, History]] = OrderedDict()

    def negotiations(self) -> list[str]:
        return self._log.negotiations()

    def get(self, negotiation: str, public_at: str | None = None, known_at: str | None = None) -> History:
        """The history of a negotiation, without records where it is not known, as it was public and known by then."""
        history = self._up_to_date(negotiation)
        if not public_at and not known_at:
            return history
        asked = (negotiation, public_at, known_at)
        length, narrowed = self._narrowed.pop(asked, (-1, history))
        if length != len(history.records):
            narrowed = history.narrowed(public_at, known_at)
        self._narrowed[asked] = (len(history.records), narrowed)
        while len(self._narrowed) > NARROWED_MAX:
            self._narrowed.popitem(last=False)
        return narrowed

    def _up_to_date(self, negotiation: str) -> History:
        history = self._held.pop(negotiation, None)
        records = self._log.of(negotiation, history.records[-1].position if history else 0)
        if history is None:
            history = History(records)
        elif records:
            history = history.extended(records)
        if history.records:
            self._held[negotiation] = history
        while len(self._held) > 1 and sum(len(held.records) for held in self._held.values()) > RECORDS_MAX:
            self._held.popitem(last=False)
        return history


class Replayed:
    """Documents at the times asked, as the view store would serve them at those times."""

    def __init__(
        self,
        histories: Histories,
        times: Times,
        going_by: str = "none",
        supposed: Sequence[Record] = (),
        now: datetime | None = None,
    ) -> None:
        """`going_by` names a policy; the supposed records belong to one negotiation and count on top.

        Where no time of the world is asked for, it is `now`.
        """
        self._histories = histories
        self._times = times
        self._going_by = going_by
        self._supposed = supposed
        self._folded: dict[str, History] = {}
        self._policies: dict[str, Policy] = {}
        self._now = now or datetime.now(UTC)
        self.as_of = times.as_of or self._now.isoformat()

    def history(self, negotiation: str) -> History:
        """One negotiation's records that were public and known by then."""
        if negotiation not in self._folded:
            history = self._histories.get(negotiation, self._times.public_at, self._times.known_at)
            own = [record for record in self._supposed if record.event.envelope.negotiation == negotiation]
            self._folded[negotiation] = history.with_supposed(own) if own else history
        return self._folded[negotiation]

    def at(self, times: Times) -> "Replayed":
        """The state at other times."""
        return Replayed(self._histories, times, self._going_by, now=self._now)

    def with_supposed(self, records: Sequence[Record]) -> "Replayed":
        """The same state, with records of one negotiation on top that somebody supposes."""
        return Replayed(self._histories, self._times, self._going_by, records, self._now)

    def document(self, place: Place) -> Held | None:
        """One document, or none if there was none."""
        view, negotiation, key = place
        found = self.history(negotiation).view(view).document(key, self.as_of)
        return self._seen(negotiation, view_named(view), found) if found and found.index.shown else None

    def select(self, query: Query) -> list[tuple[Row, Held]]:
        """A page of a list."""
        view = view_named(query.view)
        negotiations = [query.negotiation] if query.negotiation else self._histories.negotiations()
        lists = [self._listed(view, negotiation, query.sort) for negotiation in negotiations]
        return select(merged(lists, query.sort), query)

    def flags(self, places: Iterable[Place]) -> dict[Place, list[bytes]]:
        """The flags that touch documents, by the places of those."""
        flags: dict[str, list[Held]] = {}
        found: dict[Place, list[bytes]] = {}
        for place in places:
            name, negotiation, key = place
            if negotiation not in flags:
                known = self.history(negotiation).view("flags").documents(self.as_of)
                flags[negotiation] = [held for _, held in sorted(known.items()) if held.index.shown]
            touching = [held.body for held in flags[negotiation] if f"{name}/{key}" in held.index.touches]
            if touching:
                found[place] = touching
        return found

    def may_be_later(self, places: Iterable[Place]) -> list[str]:
        """The records counted in documents that may not have counted yet, because they were dated vaguely."""
        keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        for view, negotiation, key in places:
            keys[view, negotiation].add(key)
        later = set[str]()
        for (view, negotiation), known in keys.items():
            history = self.history(negotiation)
            folded = history.view(view)
            if self._times.as_of:
                later.update(folded.may_be_later(known, self.as_of))
            if history.vaguely_public:
                counted = (str(r.event.envelope.id) for key in known for r in folded.records(key, self.as_of))
                later.update(history.vaguely_public.intersection(counted))
        return sorted(later)

    def reckoner(self, negotiation: str) -> Reckoner:
        """What works out the things of a negotiation that depend on the day."""
        return Reckoner(self.history(negotiation), self.as_of)

    def _listed(self, view: View, negotiation: str, sort: str) -> Iterable[Held]:
        documents = self.history(negotiation).view(view.name).listed(self.as_of, sort)
        if self._going_by == "none" and not view.reckoned:
            return documents
        seen = filter(None, (self._seen(negotiation, view, held) for held in documents))
        return sorted(seen, key=lambda held: held.row(sort), reverse=sort.startswith("-"))

    def _seen(self, negotiation: str, view: View, held: Held) -> Held | None:
        """A document as it is seen under the policy and on the day; none if nothing of it is left."""
        seen = held if self._going_by == "none" else self._under_policy(negotiation, view, held)
        if seen is None or view.reckoned is None:
            return seen
        return Held(view, view.reckoned(seen.document, self.reckoner(negotiation)), seen.last)

    def _under_policy(self, negotiation: str, view: View, held: Held) -> Held | None:
        if negotiation not in self._policies:
            parties = self.history(negotiation).view("negotiations").document(negotiation, self.as_of)
            known = parties.document if parties else None
            self._policies[negotiation] = policy(
                self._going_by, known if isinstance(known, NegotiationDocument) else None
            )
        document = self._policies[negotiation].applied(held.document, view)
        return Held(view, document, held.last) if document else None
