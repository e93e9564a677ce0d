from application.command import Command
from domain.agreement import Agreement


class AnnounceAgreement(Command):
    EVENT = Agreement.Announced
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "framework",
        "occurred": "2025-07-22",
        "published": "2025-07-22",
    }
