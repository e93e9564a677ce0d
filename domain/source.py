"""A source: a document that says something, with who published it and when."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import DomainEvent, First
from domain.names import SourceKey
from domain.refusal import Refused
from domain.text import Line

Kind = Literal[
    "article",
    "statement",
    "speech",
    "letter",
    "fact-sheet",
    "press-conference",
    "minutes",
    "draft",
    "agreement",
    "order",
    "journal",
    "report",
    "book",
    "post",
    "note",
]


Language = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="a language by its BCP 47 tag, such as `ja` or `zh-Hant`",
        examples=["ja"],
    ),
]


class CopyOfItself(Refused):
    """A syndicated copy repeats another source, which repeats neither it nor a copy of it."""


class Source(Aggregate):
    """Registered once; `published`, in its envelope, is when the document became public."""

    TOPIC = "Source"
    KIND = "source"
    ADDRESS = ("source",)
    Event = DomainEvent

    def blank(self) -> None:
        self.published: str | None = None
        self.copy_of: str | None = None

    class Registered(First, frozen=True):
        """A document is put on file."""

        TOPIC: ClassVar[str] = "Source.Registered"
        title: Line
        publisher: Line
        kind: Kind
        address: Annotated[Line, Field(description="where it is found: a URL, a file reference")] | None = None
        language: Language | None = None
        sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="hash of the content, in hex")] | None = (
            None
        )

        def change(self, state: "Source") -> None:
            state.published = self.envelope.published

    class MarkedAsCopy(DomainEvent, frozen=True):
        """A document turns out to repeat another one: the two count as one source."""

        TOPIC: ClassVar[str] = "Source.MarkedAsCopy"
        of: SourceKey

        def decide(self, past: "Source", known: "Source") -> Self:
            if self.of == self.envelope.key:
                raise CopyOfItself(self.of, "of")
            return self

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            repeated: list[str] = []
            of: str | None = self.of
            while of and of not in repeated:
                repeated.append(of)
                of = named("source", of).copy_of
            if self.envelope.key in repeated:
                raise CopyOfItself(self.of, "of")
            return self

        def change(self, state: "Source") -> None:
            state.copy_of = self.of
