from application.command import Command
from domain.tranche import Tranche


class DistributeProceeds(Command):
    EVENT = Tranche.Distributed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "amount": {"amount": "5000000000", "currency": "USD"},
        "to": "japan",
        "occurred": "2026-05-01",
    }
