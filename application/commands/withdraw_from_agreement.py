from application.command import Command
from domain.agreement import Agreement


class WithdrawFromAgreement(Command):
    EVENT = Agreement.Withdrawn
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "occurred": "2026-05-01",
    }
