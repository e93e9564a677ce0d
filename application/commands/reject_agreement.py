from application.command import Command
from domain.agreement import Agreement


class RejectAgreement(Command):
    EVENT = Agreement.Rejected
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "means": "parliament",
        "occurred": "2025-10-21",
    }
