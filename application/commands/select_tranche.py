from application.command import Command
from domain.tranche import Tranche


class SelectTranche(Command):
    EVENT = Tranche.Selected
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "ohio-gas-power",
        "amount": {"amount": "33300000000", "currency": "USD"},
        "occurred": "2026-02-17",
        "published": "2026-02-17",
    }
