from application.command import Command
from domain.round import Round


class RescheduleRound(Command):
    EVENT = Round.Rescheduled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "round": "7",
        "planned_start": "2025-06-26",
        "planned_end": "2025-06-28",
        "place": "Washington",
        "occurred": "2025-06-25",
    }
