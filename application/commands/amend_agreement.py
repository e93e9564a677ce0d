from application.command import Command
from domain.agreement import Agreement


class AmendAgreement(Command):
    EVENT = Agreement.Amended
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "framework",
        "text": "No stacking where the existing rate is 15 per cent or more.",
        "by": "executive-order-14345",
        "occurred": "2025-09-04",
        "effective": "2025-08-07",
    }
