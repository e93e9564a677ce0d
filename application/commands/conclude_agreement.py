from application.command import Command
from domain.agreement import Agreement


class ConcludeAgreement(Command):
    EVENT = Agreement.Concluded
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "occurred": "2025-09-04",
    }
