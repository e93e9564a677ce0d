"""A flag: what is possible but irregular. It is stored, and shown wherever it matters; nothing is refused for it.

Each rule is one file of `application/rules`: what it looks at in an event (`sees`), and what it makes of that
beside what it saw before (`judge`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from application import catalogue, rules
from application.tally import Tally
from application.view import Basis
from domain.aggregate import Aggregate
from domain.erased import Erased
from domain.event import DomainEvent
from domain.fact import Fact
from domain.model import is_about


class Observation(NamedTuple):
    """What a rule looks at in an event: what is `watched` together, what it is, a number with its unit and how sharply
    that was told.
    """

    watched: str
    what: str
    number: str | None = None
    unit: str | None = None
    qualifier: str | None = None


class Seen(Fact, omit_defaults=False, frozen=True):
    """An observation as it is remembered: told by whom, on what basis, and in which documents it shows."""

    what: str
    number: str | None
    unit: str | None
    qualifier: str | None
    told_by: str | None
    basis: Basis
    touches: tuple[str, ...]


class Detail(Fact, omit_defaults=False, frozen=True):
    """What is irregular, in words; the records that make it so, and the documents that it touches."""

    text: str
    records: tuple[Basis, ...]
    touches: tuple[str, ...]


def detail(text: str, *seen: Seen) -> Detail:
    """What some records together make irregular."""
    touches = sorted({place for one in seen for place in one.touches})
    return Detail(text=text, records=tuple(one.basis for one in seen), touches=tuple(touches))


LADDER = "ladder"
"""What is watched by a rule that judges the money as a whole."""
Judge = Callable[[tuple[Seen, ...], tuple[Detail, ...]], tuple[Detail, ...]]


def by_itself(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """The judgement of a rule that sees only what is irregular."""
    return (*found, detail(seen[-1].what, seen[-1]))


@dataclass(frozen=True)
class Rule:
    """`judge` takes all that was seen under one name, in the order of time, and what was found there before.

    The newest is last; of what was seen twice the first is kept. It gives what is found now. Of the money as a whole,
    which is watched as the `LADDER`, `tally` judges instead. `source` says where the rule comes from. Where `of` is
    given, nothing is seen in events about other things.
    """

    name: str
    says: str
    severity: Literal["notice", "warning", "serious"]
    source: str
    sees: Callable[[DomainEvent], Iterable[Observation]]
    of: tuple[type[Aggregate], ...] = ()
    judge: Judge = by_itself
    tally: Callable[[Tally], Iterable[Detail]] | None = None


@cache
def all_rules() -> MappingProxyType[str, Rule]:
    """Every rule by its name, in the order of the names of their files."""
    return MappingProxyType({module.RULE.name: module.RULE for module in catalogue.modules(rules)})


@cache
def rules_of(event: type[DomainEvent]) -> tuple[Rule, ...]:
    """The rules that look at events of a type."""
    if event is Erased:
        return ()
    return tuple(rule for rule in all_rules().values() if is_about(event, rule.of))


def observations(event: DomainEvent) -> list[tuple[Rule, Observation]]:
    """What all rules see in an event."""
    return [(rule, observation) for rule in rules_of(type(event)) for observation in rule.sees(event)]
