from application.command import Command
from domain.issue import Issue


class DropIssue(Command):
    EVENT = Issue.Dropped
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "rice-quota",
        "occurred": "2025-09-04",
    }
