from application.command import Command
from domain.tranche import Tranche


class RegisterInterest(Command):
    EVENT = Tranche.InterestRegistered
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "projects-of-interest",
        "title": "21 projects of interest",
        "amount": {"amount": "400000000000", "currency": "USD", "qualifier": "up-to"},
        "occurred": "2025-10-28",
        "published": "2025-10-28",
    }
