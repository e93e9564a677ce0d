from application.command import Command
from domain.agreement import Agreement


class ResumeAgreement(Command):
    EVENT = Agreement.Resumed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "occurred": "2026-03-19",
    }
