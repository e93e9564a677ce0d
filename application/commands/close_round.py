from application.command import Command
from domain.round import Round


class CloseRound(Command):
    EVENT = Round.Closed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "round": "7",
        "outcome": "No agreement; the talks go on by telephone.",
        "occurred": "2025-06-28",
    }
