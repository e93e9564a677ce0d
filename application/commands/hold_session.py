from application.command import Command
from domain.session import Session


class HoldSession(Command):
    EVENT = Session.Held
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "session": "akazawa-lutnick-2025-05-23",
        "form": "bilateral",
        "round": "3",
        "place": "Washington",
        "participants": [
            {
                "party": "japan",
                "person": "Ryosei Akazawa",
                "role": "minister for economic revitalisation",
            },
            {
                "party": "united-states",
                "person": "Howard Lutnick",
                "role": "secretary of commerce",
                "minutes": 90,
            },
        ],
        "occurred": "2025-05-23",
    }
