from application.command import Command
from domain.negotiation import Negotiation


class SetObjective(Command):
    EVENT = Negotiation.ObjectiveSet
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "objective": "first-projects",
        "text": "Agree on the first projects before the prime minister's visit to Washington on 19 March 2026.",
        "party": "japan",
        "occurred": "2026-02-12",
        "evidence": [{"source": "article-2026-02-14"}],
    }
