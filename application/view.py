"""A view: documents folded from the records, by one pure function.

`evolve` serves the live projection, the rebuild and every replay; nothing else knows how a view is made.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from domain.event import DomainEvent, Evidence
from domain.fact import Fact
from domain.moment import order


class Record(NamedTuple):
    """One event at its place in the log."""

    position: int
    event: DomainEvent

    @property
    def place(self) -> tuple[str, int]:
        """Where the record belongs in a fold: by when it occurred, then by its place in the log."""
        return order(self.event.envelope.occurred), self.position


class Document(Fact, omit_defaults=False, frozen=True):
    """What a view serves: its JSON form is the answer. Every field is written, also where nothing is known."""

    negotiation: str
    key: str


class Basis(Fact, omit_defaults=False, frozen=True):
    """What an entry rests on: one record, its three clocks and its evidence."""

    record: UUID
    occurred: str
    effective: str | None
    published: str | None
    evidence: tuple[Evidence, ...]
    reason: str | None

    @classmethod
    def of(cls, record: Record) -> "Basis":
        envelope = record.event.envelope
        return cls(
            record=envelope.id,
            occurred=envelope.occurred,
            effective=envelope.effective,
            published=envelope.published,
            evidence=envelope.evidence,
            reason=envelope.reason,
        )


class Index(NamedTuple):
    """By what a document is found in lists: `date` is a key that sorts, `text` is searched."""

    kind: str = ""
    date: str = ""
    parties: frozenset[str] = frozenset()
    issues: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True)
class View:
    """`keys` names the documents that a record touches, `evolve` changes one of them.

    A record changes a view from when it takes effect; a view that follows `occurred` shows it at once.
    """

    name: str
    document: type[Document]
    keys: Callable[[DomainEvent], Iterable[str]]
    evolve: Callable[[Any, Record, str], Document]
    index: Callable[[Any], Index]
    follows: Literal["takes_effect", "occurred"] = "takes_effect"


def texts(value: object) -> str:
    """All the text in a fact, for searching."""
    if isinstance(value, str):
        return value
    if isinstance(value, msgspec.Struct):
        return " ".join(filter(None, (texts(getattr(value, name)) for name in value.__struct_fields__)))
    if isinstance(value, tuple):
        return " ".join(map(texts, value))
    return ""
