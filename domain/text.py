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


SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
"""How a name is written."""
Slug = Annotated[
    str,
    Field(
        pattern=rf"^{SLUG}$",
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


def until(told: str | None) -> str:
    """Until when, as people say it, who may have told the word itself; nothing where it is not told."""
    return f"until {told.removeprefix('until ')}" if told else ""


UNSPACED = (
    "\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Han and kana, which are written without spaces between words (Unicode Standard Annex 29, section 4), and Hangul, of
which a word is written in one with its particles and with other words.
"""
_VOICING = "\u3099\u309a"
"""The marks by which kana are other letters: パ is not ハ."""
_TERM = re.compile(rf"((?:(?![\W_])[{UNSPACED}])+)|[^\W_{UNSPACED}]+")
_GROUPING = re.compile(r"[,\uff0c\u00a0\u2009\u202f](?<=\d.)(?<!\d{4}.)(?=\d{3}(?!\d))")
"""What groups the digits of one number by threes: a comma, or a space that is thin, narrow or not broken."""


def words(text: str) -> list[str]:
    """The words of a text without case, accents and width, by which texts are compared; a number is one word."""
    return re.findall(r"[^\W_]+", _plain(text))


def terms(text: str) -> list[str]:
    """What a text is found by: its words; of Japanese, Chinese and Korean each two letters in a row, and the last.

    A text holds what is sought if each term of that is the beginning of one of its own.
    """
    if text.isascii():
        return words(text)
    found = list[str]()
    for term in _TERM.finditer(_plain(text)):
        letters = term[0]
        found += [letters[at : at + 2] for at in range(len(letters))] if term[1] else [letters]
    return found


def _plain(text: str) -> str:
    text = _GROUPING.sub("", text)
    if not text.isascii():
        letters = (one for one in normalize("NFKD", text) if one in _VOICING or not combining(one))
        text = normalize("NFC", "".join(letters))
    return text.casefold()
