from application.command import Command
from domain.tranche import Tranche


class CompleteTranche(Command):
    EVENT = Tranche.Completed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "occurred": "2026-05-01",
    }
