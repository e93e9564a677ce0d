from application.command import Command
from domain.party import Party


class AddParty(Command):
    EVENT = Party.Added
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "party": "japan",
        "name": "Japan",
        "kind": "state",
        "code": "JP",
        "occurred": "2025-04-16",
    }
