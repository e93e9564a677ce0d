from application.command import Command
from domain.negotiation import Negotiation


class ResumeNegotiation(Command):
    EVENT = Negotiation.Resumed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "occurred": "2025-12-18",
        "reason": "First meeting of the consultation committee.",
    }
