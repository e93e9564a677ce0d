from application.command import Command
from domain.issue import Issue


class RaiseIssue(Command):
    EVENT = Issue.Raised
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "profit-split",
        "title": "Split of the profits from the investments",
        "party": "united-states",
        "occurred": "2025-07-22T20:15-04:00",
    }
