from application.command import Command
from domain.agreement import Agreement


class SuspendAgreement(Command):
    EVENT = Agreement.Suspended
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "occurred": "2026-02-20",
    }
