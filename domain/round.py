"""A round: a numbered or named set of talks, with its planned and its held dates apart."""

from typing import ClassVar, Self

from domain.aggregate import Aggregate
from domain.event import DomainEvent
from domain.moment import Moment, refuse_backwards, surely_before
from domain.refusal import Refused
from domain.text import Line, Prose


class RoundAlreadyScheduled(Refused):
    """The round had planned dates by then; reschedule it."""


class RoundAlreadyOpen(Refused):
    """The round was open by then; it is opened once."""


class RoundAlreadyBegun(Refused):
    """The round had begun by then; close it with its outcome."""


class RoundAlreadyClosed(Refused):
    """The round was closed by then; what followed belongs to another round, or to none."""


class RoundAlreadyCancelled(Refused):
    """The round was cancelled by then; reschedule it to plan it again."""


class Round(Aggregate):
    """Planned, cancelled, open or closed; a round can be held that nobody announced."""

    TOPIC = "Round"
    KIND = "round"
    ADDRESS = ("round",)
    Event = DomainEvent

    def blank(self) -> None:
        self.status = "unplanned"

    @property
    def opened(self) -> str | None:
        """When the round opened, if it did."""
        return self._first(Round.Opened)

    @property
    def closed(self) -> str | None:
        """When the round closed, if it did."""
        return self._first(Round.Closed)

    @property
    def planned_start(self) -> str | None:
        """When the round was to open, by the last plan."""
        plans = [event for event in self.history if isinstance(event, Round.Scheduled | Round.Rescheduled)]
        return plans[-1].planned_start if plans else None

    class Scheduled(DomainEvent, frozen=True):
        """A round is announced, with its dates as planned."""

        TOPIC: ClassVar[str] = "Round.Scheduled"
        BEGINS: ClassVar[bool] = True
        planned_start: Moment
        planned_end: Moment | None = None
        place: Line | None = None
        title: Line | None = None

        def check(self) -> Self:
            refuse_backwards(self.planned_start, self.planned_end, "planned_end")
            return self

        def decide(self, past: "Round", known: "Round") -> Self:
            if past.status != "unplanned":
                raise RoundAlreadyScheduled(self.envelope.key, "round")
            return self

        def change(self, state: "Round") -> None:
            if state.status == "unplanned":
                state.status = "planned"

    class Rescheduled(DomainEvent, frozen=True):
        """The planned dates move."""

        TOPIC: ClassVar[str] = "Round.Rescheduled"
        planned_start: Moment
        planned_end: Moment | None = None
        place: Line | None = None

        def check(self) -> Self:
            refuse_backwards(self.planned_start, self.planned_end, "planned_end")
            return self

        def decide(self, past: "Round", known: "Round") -> Self:
            past.refuse_if_closed()
            return self

        def change(self, state: "Round") -> None:
            if state.status in {"unplanned", "cancelled"}:
                state.status = "planned"

    class Cancelled(DomainEvent, frozen=True):
        """A planned round will not be held."""

        TOPIC: ClassVar[str] = "Round.Cancelled"

        def decide(self, past: "Round", known: "Round") -> Self:
            past.refuse_if_closed()
            if past.status == "cancelled":
                raise RoundAlreadyCancelled(self.envelope.key, "round")
            if past.status == "open":
                raise RoundAlreadyBegun(self.envelope.key, "round")
            return self

        def change(self, state: "Round") -> None:
            state.status = "cancelled"

    class Opened(DomainEvent, frozen=True):
        """The talks of a round begin."""

        TOPIC: ClassVar[str] = "Round.Opened"
        BEGINS: ClassVar[bool] = True
        place: Line | None = None
        title: Line | None = None

        def decide(self, past: "Round", known: "Round") -> Self:
            if known.opened is not None:
                raise RoundAlreadyOpen(self.envelope.key, "round")
            if known.closed is not None and surely_before(known.closed, self.envelope.occurred):
                raise RoundAlreadyClosed(self.envelope.key, "round")
            return self

        def change(self, state: "Round") -> None:
            if state.status != "closed":
                state.status = "open"

    class Extended(DomainEvent, frozen=True):
        """A round goes on beyond its planned end."""

        TOPIC: ClassVar[str] = "Round.Extended"
        planned_end: Moment

        def decide(self, past: "Round", known: "Round") -> Self:
            past.refuse_if_closed()
            for start in filter(None, (known.opened, past.planned_start)):
                refuse_backwards(start, self.planned_end, "planned_end")
            return self

    class Closed(DomainEvent, frozen=True):
        """The talks of a round end; `occurred` says when."""

        TOPIC: ClassVar[str] = "Round.Closed"
        outcome: Prose

        def decide(self, past: "Round", known: "Round") -> Self:
            past.refuse_if_closed()
            if known.opened is not None:
                refuse_backwards(known.opened, self.envelope.occurred, "occurred")
            return self

        def change(self, state: "Round") -> None:
            state.status = "closed"

    def _first(self, kind: type[DomainEvent]) -> str | None:
        return next((event.envelope.occurred for event in self.history if isinstance(event, kind)), None)

    def refuse_if_closed(self) -> None:
        if self.status == "closed":
            raise RoundAlreadyClosed(self.history[0].envelope.key, "round")
