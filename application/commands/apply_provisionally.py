from application.command import Command
from domain.agreement import Agreement


class ApplyProvisionally(Command):
    EVENT = Agreement.AppliedProvisionally
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "occurred": "2025-09-04",
    }
