from application.command import Command
from domain.amendment import Corrected


class CorrectRecord(Command):
    EVENT = Corrected
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "record": "019a8b5e-0000-7000-8000-000000000001",
        "changes": {"amount": {"amount": "80000000000000", "currency": "JPY", "qualifier": "about"}},
        "occurred": "2025-07-26",
        "reason": "The daily printed 8 trillion yen and put it right the next day.",
    }
