from application.command import Command
from domain.tranche import Tranche


class ProposeTranche(Command):
    EVENT = Tranche.Proposed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "ohio-gas-power",
        "title": "Gas power in Ohio",
        "amount": {"amount": "40000000000", "currency": "USD", "qualifier": "about"},
        "part_of": "first-batch",
        "occurred": "2026-02-06",
        "published": "2026-02-06",
    }
