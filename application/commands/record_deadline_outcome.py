from application.command import Command
from domain.deadline import Deadline


class RecordDeadlineOutcome(Command):
    EVENT = Deadline.OutcomeRecorded
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "deadline": "tariff-pause",
        "outcome": "lapsed",
        "occurred": "2025-08-07",
        "reason": "The tariff took effect with the order.",
    }
