"""A fact: an immutable, typed piece of what was told.

One declaration serves twice. What comes in is validated by pydantic, with every constraint in its
annotations and with `check`. What is read back from the log is decoded by msgspec, which looks at
types alone: a rule that is tightened later never makes old history unreadable.
"""

import inspect
from typing import Any, Literal, Self, TypeVar, get_args, get_type_hints

import msgspec
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


# Facts hold no circles, so the garbage collector need not follow them: a long fold takes half the time.
class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Fields that belong together. A tagged subclass carries its tag as the JSON field `type`."""

    def check(self) -> Self:
        """Return the fact, put in its canonical form; raise `Refused` where fields contradict."""
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        hints = get_type_hints(cls, include_extras=True)
        fields = {
            field.name: core_schema.typed_dict_field(
                handler.generate_schema(hints[field.name]), required=field.required
            )
            for field in msgspec.structs.fields(cls)
        }
        tag = cls.__struct_config__.tag
        if tag is not None:
            fields["type"] = core_schema.typed_dict_field(handler.generate_schema(Literal[tag]))

        def build(told: dict[str, Any]) -> "Fact":
            told.pop("type", None)
            return cls(**told).check()

        shape = core_schema.typed_dict_schema(
            fields,
            extra_behavior="forbid",
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
            metadata={"pydantic_js_updates": {"title": cls.__name__, "description": inspect.getdoc(cls) or ""}},
        )
        return core_schema.no_info_after_validator_function(build, shape)


Mark = TypeVar("Mark")


def marks(hint: object, kind: type[Mark]) -> list[Mark]:
    """The marks of a kind in an annotation, at any depth."""
    own = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, kind)]
    return own + [mark for part in get_args(hint) for mark in marks(part, kind)]


def facts_in(hint: object) -> set[type[Fact]]:
    """The kinds of facts that an annotation admits, at any depth."""
    if isinstance(hint, type) and issubclass(hint, Fact):
        return {hint}
    return set[type[Fact]]().union(*map(facts_in, get_args(hint)))
