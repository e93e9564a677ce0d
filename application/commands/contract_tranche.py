from application.command import Command
from domain.tranche import Tranche


class ContractTranche(Command):
    EVENT = Tranche.Contracted
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "first-batch",
        "amount": {"amount": "340000000000", "currency": "JPY", "qualifier": "at-least"},
        "lender": "JBIC and private banks",
        "party": "japan",
        "occurred": "2026-05-01",
        "published": "2026-05-01",
    }
