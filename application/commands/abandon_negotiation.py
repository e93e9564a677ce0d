from application.command import Command
from domain.negotiation import Negotiation


class AbandonNegotiation(Command):
    EVENT = Negotiation.Abandoned
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "occurred": "2026-05-01",
        "reason": "The tariffs on which it rested were struck down.",
    }
