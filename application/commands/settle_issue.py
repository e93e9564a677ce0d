from application.command import Command
from domain.issue import Issue


class SettleIssue(Command):
    EVENT = Issue.Settled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "issue": "profit-split",
        "terms": "Half each until the deemed allocation amount, then 90 to the United States and 10 to Japan.",
        "occurred": "2025-09-04",
        "evidence": [{"source": "memorandum", "locator": "paragraph 5"}],
    }
