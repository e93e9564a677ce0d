from application.command import Command
from domain.tranche import Tranche


class ReturnFunds(Command):
    EVENT = Tranche.Returned
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "rung": "drawn",
        "amount": {"amount": "100000000", "currency": "USD"},
        "party": "united-states",
        "occurred": "2026-06-01",
    }
