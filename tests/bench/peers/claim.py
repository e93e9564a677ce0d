"""A claim as the peers take it: checked as far as pydantic does by itself."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


class Share(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["share"]
    percent: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")]


class Evidence(BaseModel):
    model_config = ConfigDict(extra="forbid")
    source: Name
    locator: Annotated[str, Field(max_length=200)]
    quotation: Annotated[str, Field(max_length=500)]


class Claim(BaseModel):
    model_config = ConfigDict(extra="forbid")
    negotiation: Name
    claim: Name
    kind: Literal["position"]
    claimant: Name
    subject: Annotated[str, Field(pattern=r"^issue/[a-z0-9-]+$", max_length=300)]
    value: Share
    speaker: Annotated[str, Field(max_length=200)]
    occurred: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    published: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    evidence: Annotated[list[Evidence], Field(min_length=1, max_length=50)]
