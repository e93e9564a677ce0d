from application.command import Command
from domain.round import Round


class OpenRound(Command):
    EVENT = Round.Opened
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "round": "3",
        "place": "Washington",
        "occurred": "2025-05-23",
    }
