from application.command import Command
from domain.negotiation import Negotiation


class Annotate(Command):
    EVENT = Negotiation.Annotated
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "note": "Bessent did not attend this round.",
        "about": "round/3",
        "occurred": "2025-05-23",
    }
