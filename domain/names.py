"""Names: which fields of a fact speak of something else in the negotiation, and of what kind.

Names are timeless: what is known at all can be spoken of at any time, also before it began.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import msgspec

from domain.fact import Fact, facts_in, marks
from domain.text import Slug

if TYPE_CHECKING:
    from domain.event import DomainEvent


@dataclass(frozen=True)
class Names:
    """Marks a field whose text is the key of a thing of this kind."""

    kind: str


class Reference(NamedTuple):
    """One thing spoken of: `field` is the path at which it is named."""

    kind: str
    key: str
    field: str


PartyKey = Annotated[Slug, Names("party")]
IssueKey = Annotated[Slug, Names("issue")]
RoundKey = Annotated[Slug, Names("round")]
SourceKey = Annotated[Slug, Names("source")]
AgreementKey = Annotated[Slug, Names("agreement")]
TrancheKey = Annotated[Slug, Names("tranche")]
ProposalKey = Annotated[Slug, Names("proposal")]
ClaimKey = Annotated[Slug, Names("claim")]


def kinds_named(hint: object) -> set[str]:
    """The kinds that an annotation marks, at any depth."""
    return {mark.kind for mark in marks(hint, Names)}


@cache
def _naming_fields(fact: type[Fact]) -> tuple[tuple[str, str | None], ...]:
    """The fields that name something, with its kind, or that may hold facts which do (None)."""
    hints = get_type_hints(fact, include_extras=True)
    fields = []
    for field in msgspec.structs.fields(fact):
        kinds = kinds_named(hints[field.name])
        if kinds or any(map(_naming_fields, facts_in(hints[field.name]))):
            fields.append((field.name, kinds.pop() if kinds else None))
    return tuple(fields)


def references(fact: Fact) -> list[Reference]:
    """Everything that a fact speaks of by name, in the order of its fields."""
    found: list[Reference] = []
    _gather(fact, "", found)
    return found


def _gather(fact: Fact, path: str, found: list[Reference]) -> None:
    # One list that is passed on, and no generators within generators: each record comes by here several times.
    for name, kind in _naming_fields(type(fact)):
        value = getattr(fact, name)
        if value is not None and value != ():
            _gather_from(value, kind, path + name, found)


def _gather_from(value: Any, kind: str | None, path: str, found: list[Reference]) -> None:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            _gather_from(item, kind, f"{path}.{index}", found)
    elif isinstance(value, Fact):
        _gather(value, f"{path}.", found)
    elif kind:
        found.append(subject_of(value, path) if kind == "subject" else Reference(kind, value, path))


def named_in(hint: object, told: Any) -> Iterator[Reference]:
    """Everything that a field with this annotation may speak of, as it is told in JSON."""
    if isinstance(told, list):
        for item in told:
            yield from named_in(hint, item)
    elif isinstance(told, dict):
        for fact in facts_in(hint):
            hints = get_type_hints(fact, include_extras=True)
            for field in hints.keys() & told.keys():
                yield from named_in(hints[field], told[field])
    elif isinstance(told, str):
        for kind in kinds_named(hint):
            yield subject_of(told) if kind == "subject" else Reference(kind, told, "")


def concerned(event: "DomainEvent", *kinds: str) -> list[set[str]]:
    """For each kind the keys of all things that an event is about, or speaks of."""
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    own = event.TOPIC.partition(".")[0].lower()
    if own in found:
        found[own].add(event.envelope.key)
    for kind, key, _ in references(event):
        if kind in found:
            found[kind].add(key)
    return list(found.values())


def only(names: Sequence[str]) -> str | None:
    """The one name, where there is one alone."""
    return names[0] if len(names) == 1 else None


def subject_of(subject: str, path: str = "subject") -> Reference:
    """The thing that the subject of a claim is about; its aspect is left out."""
    kind, *rest = subject.split("/")
    return Reference(kind, "/".join(rest[: 2 if kind == "provision" else 1]), path)
