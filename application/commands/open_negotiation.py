from application.command import Command
from domain.negotiation import Negotiation


class OpenNegotiation(Command):
    EVENT = Negotiation.Opened
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "title": "Japan and the United States: tariffs and investment",
        "description": "Talks on the tariffs announced in April 2025 and on Japanese investment.",
        "occurred": "2025-04-16",
    }
