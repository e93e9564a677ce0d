"""A view: documents folded from the records, by one pure function.

`evolve` serves the live projection, the rebuild and every replay; nothing else knows how a view is made.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from pydantic.json_schema import SkipJsonSchema

from domain.aggregate import Aggregate
from domain.event import DomainEvent, Evidence
from domain.fact import Fact, marks
from domain.moment import order

if TYPE_CHECKING:
    from application.reckoning import Reckoner

Row = tuple[str, str, str]
"""The place of a document in a list: the key that it is sorted by, its negotiation and its key."""
_T = TypeVar("_T")
Private = Annotated[_T, SkipJsonSchema()]
"""A field from which the fold of a document goes on, and no part of the answer. It has a default."""


class Record(NamedTuple):
    """One event at its place in the log."""

    position: int
    event: DomainEvent

    @property
    def place(self) -> tuple[str, int]:
        """Where the record belongs in a fold: by when it occurred, then by its place in the log."""
        return order(self.event.envelope.occurred), self.position


class Document(Fact, omit_defaults=False, frozen=True):
    """What a view serves: the JSON form of what is not `Private` is the answer. Every field of it is written, also
    where nothing is known.
    """

    negotiation: str
    key: str


_D = TypeVar("_D", bound=Document)


@cache
def private_fields(document: type[Document]) -> tuple[str, ...]:
    """The names of the fields of a view's documents that are private."""
    return tuple(field.name for field in msgspec.structs.fields(document) if marks(field.type, SkipJsonSchema))


def served(document: _D) -> _D:
    """A document as it is served: nothing is in its private fields, not even a default."""
    names = private_fields(type(document))
    return msgspec.structs.replace(document, **dict.fromkeys(names, msgspec.UNSET)) if names else document


class Basis(Fact, omit_defaults=False, frozen=True):
    """What an entry rests on: one record, the times that were told of it, its evidence, and the corrections it is shown
    with."""

    record: UUID
    occurred: str
    effective: str | None
    published: str | None
    evidence: tuple[Evidence, ...]
    reason: str | None
    corrections: tuple[UUID, ...] = ()

    @property
    def takes_effect(self) -> str:
        """From when it counts, as of its record."""
        return self.effective or self.occurred

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
            corrections=envelope.corrections,
        )


class Index(NamedTuple):
    """By what a document is found in lists: `when` is a moment, or empty; `text` holds what is searched, see `texts`.

    A flag `touches` other documents, named as `view/key`. What is not `shown` is kept only to fold on. A deadline
    can have several `statuses`, by how it is read.
    """

    kind: str = ""
    when: str = ""
    parties: frozenset[str] = frozenset()
    issues: frozenset[str] = frozenset()
    text: tuple[object, ...] = ()
    touches: frozenset[str] = frozenset()
    shown: bool = True
    statuses: frozenset[str] = frozenset()

    @property
    def date(self) -> str:
        """A key that sorts."""
        return order(self.when) if self.when else ""


@dataclass(frozen=True)
class AtOnce:
    """An `evolve` that takes `all` records at once, where it would else go through all of a long document for each."""

    all: Callable[[Any, Sequence[Record], str], Document]

    def __call__(self, document: Any, record: Record, key: str) -> Document:
        return self.all(document, [record], key)


@dataclass(frozen=True, eq=False)
class View:
    """`keys` names the documents that a record touches, `evolve` changes one of them, and `reviewed` puts one
    right after a policy has left claims out of it. `reckoned` works out what depends on the day on which a document is
    asked for; where that is also by what it is found, the view is `by_day`. Where `of` is given, records about other
    things touch nothing.
    Its documents are `listed` within their negotiation, across all, or both; or it is one document of each, alone.
    `kinds` are those by which a list can be narrowed.

    A record changes a view from when it takes effect; a view that follows `occurred` shows it at once.
    """

    name: str
    document: type[Document]
    keys: Callable[[DomainEvent], Iterable[str]]
    evolve: Callable[[Any, Record, str], Document]
    index: Callable[[Any], Index]
    listed: Literal["within", "across", "both", "alone"] = "within"
    kinds: tuple[str, ...] = ("",)
    of: tuple[type[Aggregate], ...] = ()
    follows: Literal["takes_effect", "occurred"] = "takes_effect"
    reviewed: Callable[[Any], Document] = lambda document: document
    reckoned: Callable[[Any, "Reckoner"], Document] | None = None
    by_day: bool = False


def texts(value: object) -> str:
    """All texts and whole numbers in a fact, for searching; of one that names its `SEARCHED` fields, those in them."""
    found: list[str] = []
    _gather((value,), found)
    return " ".join(found)


def _gather(values: Iterable[Any], found: list[str]) -> None:
    for value in values:
        kind: Any = type(value)
        if kind is str:
            if value:
                found.append(value)
        elif kind is int:
            found.append(str(value))
        elif kind is tuple:
            _gather(value, found)
        elif value is not None and (told := _searched(kind)):
            _gather(told(value), found)


@cache
def _searched(kind: type) -> Callable[[Any], Iterable[object]] | None:
    """What gives the values of a fact in which text is searched; none where it is no fact."""
    if not issubclass(kind, msgspec.Struct):
        return None
    names = getattr(kind, "SEARCHED", None)
    return msgspec.structs.astuple if names is None else lambda fact: [getattr(fact, name) for name in names]
