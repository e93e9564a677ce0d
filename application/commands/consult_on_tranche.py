from application.command import Command
from domain.tranche import Tranche


class ConsultOnTranche(Command):
    EVENT = Tranche.Consulted
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "parties": ["japan", "united-states"],
        "occurred": "2026-02-12",
        "published": "2026-02-13",
    }
