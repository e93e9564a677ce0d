"""A restriction: for whom a record is, until when, and without whose consent it becomes nobody else's."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.fact import Fact
from domain.moment import INSTANT_PATTERN, instant
from domain.text import Slug

Instant = Annotated[
    str,
    Field(
        pattern=rf"^{INSTANT_PATTERN}$",
        description="an instant with its offset, between the years 1500 and 2999",
        examples=["2026-12-01T09:00+09:00"],
    ),
]


class Restriction(Fact, frozen=True):
    """Who may see a record: the members of some groups alone, and from an instant on (an embargo) everybody."""

    groups: Annotated[
        tuple[Slug, ...],
        Field(min_length=1, max_length=20, description="whose members may see it", examples=[["cabinet"]]),
    ]
    until: Annotated[Instant | None, Field(description="an embargo: from then on everybody may see it")] = None
    originator: Annotated[
        Slug | None, Field(description="who gave it, a group or a party: it is not released without its consent")
    ] = None

    def holds(self, now: datetime) -> bool:
        """Whether the embargo, if it is one, has not lifted yet."""
        return self.until is None or now < instant(self.until)
