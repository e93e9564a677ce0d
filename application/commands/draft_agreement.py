from application.command import Command
from domain.agreement import Agreement


class DraftAgreement(Command):
    EVENT = Agreement.Drafted
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "title": "Memorandum of understanding on strategic investments",
        "form": "memorandum",
        "parties": ["japan", "united-states"],
        "occurred": "2025-09-04",
    }
