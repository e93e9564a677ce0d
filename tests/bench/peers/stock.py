"""FastAPI and `eventsourcing`, both as they come: what a user would build in Parley's place."""

from typing import Any

from claim import Claim
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import IntegrityError
from fastapi import FastAPI, HTTPException
from talks import Refused, Talks

app = FastAPI()
talks = Talks()


@app.get("/healthz")
def healthy() -> dict[str, bool]:
    return {"ok": True}


@app.post("/v1/records/make-claim", status_code=201)
def make_claim(claim: Claim) -> dict[str, Any]:
    try:
        version = talks.make_claim(**claim.model_dump())
    except AggregateNotFoundError:
        raise HTTPException(404, "There is no such negotiation.") from None
    except (IntegrityError, Refused):
        raise HTTPException(409, "Somebody else was first, or the claim cannot be.") from None
    return {"negotiation": claim.negotiation, "version": version}


@app.get("/v1/negotiations/{negotiation}")
def show(negotiation: str, version: int | None = None) -> dict[str, Any]:
    try:
        return talks.state(negotiation, version)
    except AggregateNotFoundError:
        raise HTTPException(404, "There is no such negotiation.") from None
