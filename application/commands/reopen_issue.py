from application.command import Command
from domain.issue import Issue


class ReopenIssue(Command):
    EVENT = Issue.Reopened
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "reciprocal-tariff",
        "occurred": "2026-02-20",
        "reason": "The Supreme Court struck down the legal basis of the tariff.",
    }
