from application.command import Command
from domain.tranche import Tranche


class RejectTranche(Command):
    EVENT = Tranche.Rejected
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "liquefied-gas",
        "note": "Named by the president; neither the secretary nor the fact sheet has it.",
        "occurred": "2026-02-17",
    }
