"""A service on a store, who records and reads there, and what the files of the store hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from interfaces.cli import app


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


class Office:
    """A service on a store, and who records and reads there."""

    def __init__(self, client: TestClient, negotiation: str = "talks") -> None:
        self.client = client
        self.negotiation = negotiation
        for command, facts in {
            "open-negotiation": {"title": "Talks"},
            "add-party": {"party": "north", "name": "North", "kind": "state"},
            "raise-issue": {"issue": "fish", "title": "Fish"},
            "register-source": {"source": "paper", "title": "Paper", "publisher": "P", "kind": "article"},
        }.items():
            self.tell(command, **facts)

    def tell(self, command: str, headers: dict[str, str] | None = None, **facts: Any) -> str:
        told = {"negotiation": self.negotiation, "occurred": "2025-01-02"} | facts
        answer = self.client.post(f"/v1/records/{command}", json=told, headers=headers)
        assert answer.status_code == 201, answer.text
        self.last = answer.json()
        return str(self.last["id"])

    def claim(self, claim: str, text: str = "All of it.", **facts: Any) -> str:
        told = {"kind": "position", "claimant": "north", "subject": "issue/fish"} | facts
        return self.tell("make-claim", claim=claim, value={"type": "text", "text": text}, **told)

    def read(self, path: str, **params: Any) -> Any:
        head = self.client.get("/v1/records", params={"limit": 1}).headers["parley-position"]
        answer = self.client.get(path, params=params | {"min_position": head})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def record(self, named: str) -> Any:
        return self.read(f"/v1/records/{named}")

    def timeline(self) -> dict[str, Any]:
        return {item["key"]: item for item in self.read(f"/v1/negotiations/{self.negotiation}/timeline")["items"]}


def bytes_of(address: str) -> Iterator[bytes]:
    """All that the files of a store hold; of a PostgreSQL, those of its tables."""
    if address.startswith("sqlite:///"):
        for file in Path(address.removeprefix("sqlite:///")).parent.iterdir():
            yield file.read_bytes()
        return
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        for (path,) in connection.execute(
            "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 'i', 't')"
            " AND pg_relation_filepath(oid) LIKE 'base/%'"
        ):
            yield Path(folder, path).read_bytes()


def holds(address: str, text: bytes) -> bool:
    """Whether it stands anywhere in the files as it was told, or as it is searched for."""
    return any(text in content or text.lower() in content for content in bytes_of(address))
