"""What is read in the place of a record whose facts were erased: its envelope alone."""

from typing import ClassVar
from uuid import UUID

from domain.event import DomainEvent

ERASED = "[erased]"
"""What is read in the place of a person's name that was erased."""


class Erased(DomainEvent, frozen=True):
    """A record that was erased: it keeps its place in the log and in its stream, and changes nothing anywhere.

    `was` is of what type it was, `kind` of what its stream is, and `record` the one that it amended. It is never told.
    """

    TOPIC: ClassVar[str] = "Record.Erased"
    was: str = ""
    kind: str = ""
    record: UUID | None = None
