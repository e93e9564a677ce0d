from application.command import Command
from domain.issue import Issue


class LinkIssue(Command):
    EVENT = Issue.Linked
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "automobile-tariff",
        "to": "investment",
        "relation": "traded-against",
        "occurred": "2025-07-22",
    }
