"""What cannot be, and is therefore refused with nothing stored.

A subclass's name states the broken rule and gives its stable code; its docstring tells the reader
what would be right.
"""

import inspect
import re
from typing import ClassVar


def kebab(name: str) -> str:
    """`RoundAlreadyOpen` -> `round-already-open`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Refused(ValueError):
    """The record cannot be taken down as it was told."""

    code: ClassVar[str] = "refused"

    def __init_subclass__(cls) -> None:
        cls.code = kebab(cls.__name__)

    def __init__(self, what: object, field: str = "") -> None:
        """`what` was told, and `field` is where: a path with dots, empty for the whole."""
        super().__init__(f"{what}: {self.rule()}")
        self.field = field
        self.line: int | None = None
        """Which of many commands was refused, from 0; set by whoever takes them down."""

    @classmethod
    def rule(cls) -> str:
        """What would be right, in one sentence."""
        return " ".join(inspect.cleandoc(cls.__doc__ or "").split())


class Unknown(Refused):
    """Nothing is known by this name here; record it first, or mend the spelling."""


class AlreadyKnown(Refused):
    """This name is taken in this negotiation; choose another, or speak of the one that is known."""
