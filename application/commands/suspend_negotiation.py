from application.command import Command
from domain.negotiation import Negotiation


class SuspendNegotiation(Command):
    EVENT = Negotiation.Suspended
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "until": "the constitution of the consultation committee",
        "occurred": "2025-09-05",
        "reason": "The memorandum is signed; the next step is for the committees.",
    }
