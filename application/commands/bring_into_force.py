from application.command import Command
from domain.agreement import Agreement


class BringIntoForce(Command):
    EVENT = Agreement.EnteredIntoForce
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "executive-order-14345",
        "parties": ["united-states"],
        "occurred": "2025-09-04",
        "effective": "2025-08-07",
    }
