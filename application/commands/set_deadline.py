from application.command import Command
from domain.deadline import Deadline


class SetDeadline(Command):
    EVENT = Deadline.Set
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "deadline": "tariff-pause",
        "title": "End of the pause of the reciprocal tariffs",
        "due": "2025-07-09",
        "occurred": "2025-04-09",
    }
