from application.command import Command
from domain.vote import Vote


class RecordVote(Command):
    EVENT = Vote.Held
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "vote": "senate-disapproval",
        "title": "Resolution against the tariffs",
        "body": "Senate of the United States",
        "party": "united-states",
        "about": "issue/reciprocal-tariff",
        "outcome": "defeated",
        "in_favour": "49",
        "against": "49",
        "occurred": "2025-04-30",
    }
