"""A negotiation as the documentation of `eventsourcing` would have one written: one aggregate, its events, and an
application with the library's own mapper, transcoder and recorder."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Refused(Exception):
    """The claim names what is not on record, or was made before."""


class Negotiation(Aggregate):
    @event("Opened")
    def __init__(self, negotiation: str, title: str) -> None:
        self.negotiation = negotiation
        self.title = title
        self.known: set[str] = set()
        self.positions: dict[str, dict[str, Any]] = {}

    @staticmethod
    def create_id(negotiation: str, title: str = "") -> UUID:
        return uuid5(NAMESPACE_URL, negotiation)

    @event("Named")
    def name(self, subject: str, title: str) -> None:
        """A party, an issue or a source, such as `issue/i1`."""
        self.known.add(subject)

    def make_claim(self, claim: str, claimant: str, subject: str, evidence: list[dict[str, str]], **facts: Any) -> None:
        named = {f"claim/{claim}", f"party/{claimant}", subject, *(f"source/{one['source']}" for one in evidence)}
        if named - self.known != {f"claim/{claim}"}:
            raise Refused(claim)
        before = self.positions.get(f"{subject}:{claimant}")
        self._claim_made(claim, claimant, subject, evidence, facts, before and before["claim"])

    @event("ClaimMade")
    def _claim_made(
        self,
        claim: str,
        claimant: str,
        subject: str,
        evidence: list[dict[str, str]],
        facts: dict[str, Any],
        supersedes: str | None,
    ) -> None:
        self.known.add(f"claim/{claim}")
        stands = {"claimant": claimant, "subject": subject, "claim": claim, "value": facts["value"]}
        self.positions[f"{subject}:{claimant}"] = stands


class Talks(Application[UUID]):
    """Configured from the environment, on SQLite or PostgreSQL."""

    def make_claim(self, negotiation: str, **told: Any) -> int:
        """The version of the negotiation that holds the claim."""
        found: Negotiation = self.repository.get(Negotiation.create_id(negotiation))
        found.make_claim(**told)
        self.save(found)
        return found.version

    def state(self, negotiation: str, version: int | None = None) -> dict[str, Any]:
        """Where everybody stands, now or at a version."""
        found: Negotiation = self.repository.get(Negotiation.create_id(negotiation), version=version)
        positions = list(found.positions.values())
        return {"negotiation": negotiation, "title": found.title, "version": found.version, "positions": positions}
