from application.command import Command
from domain.negotiation import Negotiation


class IssueJointStatement(Command):
    EVENT = Negotiation.StatementIssued
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "statement": "further-coordination",
        "parties": ["japan", "united-states"],
        "text": "Both ministers agree to accelerate the coordination on the first round of investment.",
        "occurred": "2026-02-12",
        "published": "2026-02-13",
        "evidence": [{"source": "article-2026-02-14"}],
    }
