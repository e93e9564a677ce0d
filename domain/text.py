"""The kinds of text that can be told. None holds control characters (C0 but tab and newline, DEL, C1)."""

import re
from dataclasses import dataclass
from typing import Annotated
from unicodedata import combining, normalize

from pydantic import Field

_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_PRINTABLE_LINES = r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]"


@dataclass(frozen=True)
class Personal:
    """Marks a text that names a natural person: it is kept so that it can be erased."""


Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=80,
        description="a name in lower-case letters, digits and single hyphens",
        examples=["japan-us-2025"],
    ),
]
Line = Annotated[
    str,
    Field(
        pattern=rf"^{_PRINTABLE}+$",
        max_length=300,
        description="one line of text, not empty, without control characters",
    ),
]
Person = Annotated[Line, Personal()]
Prose = Annotated[
    str,
    Field(
        pattern=rf"^{_PRINTABLE_LINES}+$",
        max_length=20_000,
        description="text of any number of lines, not empty, without control characters",
    ),
]
Quotation = Annotated[
    str, Field(pattern=rf"^{_PRINTABLE}+$", max_length=500, description="a short quotation, in the words of the source")
]


def words(text: str) -> list[str]:
    """The words of a text without case, accents and width, by which texts are compared and found."""
    if not text.isascii():
        text = "".join(letter for letter in normalize("NFKD", text) if not combining(letter))
    return re.findall(r"[^\W_]+", text.casefold())
