"""A command: what can be told to Parley, and the event that it becomes.

Each is declared in one file of `application/commands`: its name in the imperative, its event, and an
example. The body that a caller sends is made from that: the negotiation, what names the aggregate, the
facts of the event, and the times and evidence of the envelope.
"""

import inspect
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, cast, get_type_hints
from uuid import UUID

import msgspec
from pydantic import Field

from application import catalogue, commands
from domain.aggregate import Aggregate
from domain.amendment import is_derived
from domain.event import DataSubject, DomainEvent, Evidence
from domain.fact import Fact
from domain.model import AGGREGATE_OF_EVENT
from domain.moment import Moment
from domain.names import Names
from domain.refusal import kebab
from domain.restriction import Restriction
from domain.text import SLUG, Prose, Slug

RecordName = Annotated[
    str,
    Field(
        pattern=rf"^([0-9A-Fa-f]{{8}}-?([0-9A-Fa-f]{{4}}-?){{3}}[0-9A-Fa-f]{{12}}|[a-z]+/{SLUG}(/{SLUG})?/[a-z]+(-[a-z]+)*)$",
        max_length=300,
        description=(
            "the record: by its id, or by what it is about and its step, where that is one record alone, such as"
            " `round/2/opened`, `claim/press-counts-osaka/made`, `claim/press-counts-osaka/corrected`"
        ),
        examples=["round/2/opened"],
    ),
]


class Body(Fact, frozen=True):
    """What every command tells beside its facts. A subclass for each command adds the rest."""

    negotiation: Slug
    occurred: Moment
    effective: Moment | None = None
    published: Moment | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: Prose | None = None
    causation: UUID | None = None
    correlation: UUID | None = None
    restriction: Restriction | None = None
    data_subject: DataSubject | None = None


class Command:
    """Subclassed by declarations only; nothing of it is ever instantiated."""

    EVENT: ClassVar[type[DomainEvent]]
    EXAMPLE: ClassVar[dict[str, Any]]
    """A body from the first case."""
    MINTS_KEY: ClassVar[bool] = False
    """Whether a body without a key gets one: for what people seldom name."""

    @classmethod
    def name(cls) -> str:
        """`OpenRound` -> `open-round`."""
        return kebab(cls.__name__)

    @classmethod
    def summary(cls) -> str:
        return inspect.getdoc(cls.EVENT) or ""

    @classmethod
    def aggregate(cls) -> type[Aggregate] | None:
        """What it is about; none for a command about any record."""
        return AGGREGATE_OF_EVENT.get(cls.EVENT)

    @classmethod
    @cache
    def facts(cls) -> dict[str, Any]:
        """The event's own fields that a caller tells, with their types."""
        hints = get_type_hints(cls.EVENT, include_extras=True)
        return {
            field.name: hints[field.name]
            for field in msgspec.structs.fields(cls.EVENT)
            if field.name != "envelope" and not is_derived(hints[field.name])
        }

    @classmethod
    @cache
    def derives(cls) -> bool:
        """Whether a decision adds facts that other records told."""
        return len(cls.facts()) < len(cls.EVENT.__struct_fields__) - 1

    @classmethod
    @cache
    def body(cls) -> type[Body]:
        """The type of the body: made once, from the event."""
        aggregate = cls.aggregate()
        *owners, key = aggregate.ADDRESS if aggregate else ("negotiation",)
        fields: list[Any] = [(owner, Annotated[Slug, Names(owner)]) for owner in owners]
        if cls.MINTS_KEY:
            fields.append((key, Slug | None, None))
        elif key != "negotiation":
            fields.append((key, Slug))
        defaults = {field.name: field.default for field in msgspec.structs.fields(cls.EVENT) if not field.required}
        told = cls.facts() if aggregate else cls.facts() | {"record": RecordName}
        fields += [(name, hint, defaults[name]) if name in defaults else (name, hint) for name, hint in told.items()]
        body = msgspec.defstruct(
            cls.__name__, fields, bases=(Body,), module=cls.__module__, kw_only=True, frozen=True, omit_defaults=True
        )
        body.__doc__ = cls.summary()
        return cast("type[Body]", body)


@cache
def all_commands() -> MappingProxyType[str, type[Command]]:
    """Every command by its name, in the order of the names."""
    found = {
        value.name(): value
        for module in catalogue.modules(commands)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Command) and value is not Command
    }
    return MappingProxyType(dict(sorted(found.items())))
