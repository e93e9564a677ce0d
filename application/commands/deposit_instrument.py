from application.command import Command
from domain.agreement import Agreement


class DepositInstrument(Command):
    EVENT = Agreement.Deposited
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan"],
        "depositary": "Department of State",
        "occurred": "2025-09-26",
    }
