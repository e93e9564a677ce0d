from application.command import Command
from domain.agreement import Agreement


class SignAgreement(Command):
    EVENT = Agreement.Signed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "parties": ["japan", "united-states"],
        "by": [
            {"party": "japan", "person": "Ryosei Akazawa"},
            {"party": "united-states", "person": "Howard Lutnick"},
        ],
        "occurred": "2025-09-04",
        "published": "2025-09-04",
    }
