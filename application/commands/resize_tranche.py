from application.command import Command
from domain.tranche import Tranche


class ResizeTranche(Command):
    EVENT = Tranche.Resized
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "ohio-gas-power",
        "rung": "selected",
        "amount": {"amount": "33500000000", "currency": "USD"},
        "occurred": "2026-03-19",
    }
