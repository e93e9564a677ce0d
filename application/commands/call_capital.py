from application.command import Command
from domain.tranche import Tranche


class CallCapital(Command):
    EVENT = Tranche.CapitalCalled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "amount": {"amount": "1000000000", "currency": "USD"},
        "due": "2026-04-23",
        "occurred": "2026-02-17",
    }
