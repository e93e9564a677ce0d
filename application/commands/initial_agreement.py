from application.command import Command
from domain.agreement import Agreement


class InitialAgreement(Command):
    EVENT = Agreement.Initialled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "occurred": "2025-09-04",
    }
