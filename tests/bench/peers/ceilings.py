"""What FastAPI can do on this machine before anything is recorded, decided or folded.

One of three, by `CEILING`: `nothing` validates a claim and forgets it; `insert` stores it with one bare INSERT
and nothing else; `prepared` answers each question with the same 2 KB.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from claim import Claim
from fastapi import FastAPI, Response

CONNECTIONS = 10
_TABLE = "CREATE TABLE IF NOT EXISTS claims (position BIGSERIAL PRIMARY KEY, negotiation TEXT NOT NULL, body JSONB)"
_INSERT = "INSERT INTO claims (negotiation, body) VALUES (%s, %s) RETURNING position"
_PREPARED = json.dumps({"text": "x" * 2036}).encode()

free: asyncio.LifoQueue[psycopg.AsyncConnection[Any]] = asyncio.LifoQueue()


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    address = os.environ.get("CEILING_DATABASE", "")
    opened = [
        await psycopg.AsyncConnection.connect(address, autocommit=True) for _ in range(CONNECTIONS * bool(address))
    ]
    if opened:
        await opened[0].execute(_TABLE)
    for connection in opened:
        free.put_nowait(connection)
    yield
    for connection in opened:
        await connection.close()


app = FastAPI(lifespan=running)


@app.get("/healthz")
async def healthy() -> dict[str, bool]:
    return {"ok": True}


async def nothing(claim: Claim) -> dict[str, Any]:
    return {"negotiation": claim.negotiation, "position": 0}


async def insert(claim: Claim) -> dict[str, Any]:
    connection = await free.get()
    try:
        answer = await connection.execute(_INSERT, (claim.negotiation, claim.model_dump_json()))
        (position,) = await answer.fetchone() or (0,)
    finally:
        free.put_nowait(connection)
    return {"negotiation": claim.negotiation, "position": position}


async def prepared(negotiation: str) -> Response:
    return Response(_PREPARED, media_type="application/json")


match os.environ["CEILING"]:
    case "prepared":
        app.add_api_route("/v1/negotiations/{negotiation}", prepared)
    case told:
        app.add_api_route(
            "/v1/records/make-claim", {"nothing": nothing, "insert": insert}[told], methods=["POST"], status_code=201
        )
