"""Votes, as the documents of what was voted on name them, and in words."""

from decimal import Decimal

from application.view import Basis, Record
from domain.fact import Fact
from domain.vote import Vote


class VoteEntry(Fact, omit_defaults=False, frozen=True):
    """A vote on it, and what came of that; `cast` are the numbers in words."""

    key: str
    about: str
    body: str
    title: str | None
    outcome: str
    cast: str
    basis: Basis

    @classmethod
    def of(cls, held: Vote.Held, record: Record) -> "VoteEntry":
        return cls(
            key=held.envelope.key,
            about=held.about or "",
            body=held.body,
            title=held.title,
            outcome=held.outcome,
            cast=counts(held.in_favour, held.against, held.abstained, held.unit),
            basis=Basis.of(record),
        )


def in_words(held: Vote.Held) -> str:
    """A vote in a line: `House of Representatives: third reading: carried, 122 to 62 votes, on agreement/x`."""
    cast = counts(held.in_favour, held.against, held.abstained, held.unit)
    on = f"on {held.about}" if held.about else ""
    came_of_it = ", ".join(filter(None, [held.outcome, cast, on]))
    return ": ".join(filter(None, [held.body, held.title, came_of_it]))


def counts(in_favour: str | None, against: str | None, abstained: str | None, unit: str) -> str:
    """What was cast, as far as that is told: `122 to 62 votes, 4 abstained`."""
    told = f"{_number(in_favour)} to {_number(against)} {unit}" if in_favour and against else ""
    one_side = {"in favour": in_favour, "against": against} if not told else {}
    parts = [told, *(f"{_number(cast)} {unit} {side}" for side, cast in one_side.items() if cast)]
    return ", ".join(filter(None, [*parts, f"{_number(abstained)} abstained" if abstained else ""]))


def _number(cast: str | None) -> str:
    return f"{Decimal(cast or 0):,f}"
