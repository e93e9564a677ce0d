from application.command import Command
from domain.deadline import Deadline


class ReviseDeadline(Command):
    EVENT = Deadline.Revised
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "deadline": "tariff-pause",
        "due": "2025-08-01",
        "party": "united-states",
        "occurred": "2025-07-07",
        "published": "2025-07-07",
    }
