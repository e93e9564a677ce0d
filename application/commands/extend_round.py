from application.command import Command
from domain.round import Round


class ExtendRound(Command):
    EVENT = Round.Extended
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "round": "7",
        "planned_end": "2025-06-28",
        "occurred": "2025-06-27",
    }
