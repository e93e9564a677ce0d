from application.command import Command
from domain.incident import Incident


class RecordIncident(Command):
    EVENT = Incident.Occurred
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "incident": "court-ruling",
        "title": "A court rules against the tariffs",
        "place": "New York",
        "parties": ["united-states"],
        "issues": ["reciprocal-tariff"],
        "occurred": "2025-05-28",
    }
