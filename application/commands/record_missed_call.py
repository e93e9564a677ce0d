from application.command import Command
from domain.tranche import Tranche


class RecordMissedCall(Command):
    EVENT = Tranche.CallMissed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "amount": {"amount": "1000000000", "currency": "USD"},
        "occurred": "2026-04-24",
    }
