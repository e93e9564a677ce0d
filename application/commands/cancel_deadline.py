from application.command import Command
from domain.deadline import Deadline


class CancelDeadline(Command):
    EVENT = Deadline.Cancelled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "deadline": "tariff-pause",
        "occurred": "2026-02-20",
    }
