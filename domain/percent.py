"""Percentages, as decimal text: shares of a whole, and rates."""

from typing import Annotated

from pydantic import Field

Percent = Annotated[
    str,
    Field(
        pattern=r"^(100(\.0{1,6})?|[1-9]?[0-9](\.[0-9]{1,6})?)$",
        description="a share of a whole, from 0 to 100 per cent, as decimal text",
        examples=["90"],
    ),
]
SignedPercent = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,6})?$",
        description="a rate in per cent as decimal text; it can be below 0 and exceed 100",
        examples=["15", "-0.25"],
    ),
]
UnsignedPercent = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$",
        description="a rate in per cent, not below 0, as decimal text; it can exceed 100",
        examples=["15", "27.5"],
    ),
]
