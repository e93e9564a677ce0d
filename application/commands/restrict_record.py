from application.command import Command
from domain.release import Restricted


class RestrictRecord(Command):
    EVENT = Restricted
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "record": "019a8b5e-0000-7000-8000-000000000001",
        "to": {"groups": ["finance-ministry"], "originator": "united-states"},
        "occurred": "2025-07-26",
        "reason": "The draft was handed over in confidence.",
    }
