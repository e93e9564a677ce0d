from application.command import Command
from domain.amendment import Retracted


class RetractRecord(Command):
    EVENT = Retracted
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "record": "019a8b5e-0000-7000-8000-000000000001",
        "occurred": "2025-07-26",
        "reason": "Taken down twice.",
    }
