from application.command import Command
from domain.tranche import Tranche


class RecordDraw(Command):
    EVENT = Tranche.Drawn
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "amount": {"amount": "250000000.50", "currency": "USD"},
        "occurred": "2026-05-01",
    }
