from application.command import Command
from domain.party import Party


class WithdrawParty(Command):
    EVENT = Party.Withdrawn
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "party": "japan",
        "occurred": "2026-05-01",
    }
