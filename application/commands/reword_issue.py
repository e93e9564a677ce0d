from application.command import Command
from domain.issue import Issue


class RewordIssue(Command):
    EVENT = Issue.Reworded
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "profit-split",
        "title": "Split of the cash that the investments yield",
        "occurred": "2025-09-04",
    }
