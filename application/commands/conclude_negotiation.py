from application.command import Command
from domain.negotiation import Negotiation


class ConcludeNegotiation(Command):
    EVENT = Negotiation.Concluded
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "outcome": "All projects under the memorandum are selected.",
        "occurred": "2026-05-01",
    }
