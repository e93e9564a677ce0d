from application.command import Command
from domain.tranche import Tranche


class CancelTranche(Command):
    EVENT = Tranche.Cancelled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "liquefied-gas",
        "occurred": "2026-03-19",
    }
