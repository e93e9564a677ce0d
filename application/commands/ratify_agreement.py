from application.command import Command
from domain.agreement import Agreement


class RatifyAgreement(Command):
    EVENT = Agreement.Ratified
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "means": "acceptance",
        "occurred": "2025-09-26",
    }
