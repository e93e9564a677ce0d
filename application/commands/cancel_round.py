from application.command import Command
from domain.round import Round


class CancelRound(Command):
    EVENT = Round.Cancelled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "round": "7",
        "occurred": "2025-06-25",
    }
