from application.command import Command
from domain.proposal import Proposal


class TableProposal(Command):
    EVENT = Proposal.Tabled
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "proposal": "fifteen-per-cent",
        "party": "united-states",
        "title": "15 per cent against investment",
        "text": "A rate of 15 per cent instead of 25, against $550 billion of investment.",
        "issues": ["reciprocal-tariff", "investment"],
        "round": "8",
        "occurred": "2025-07-22",
    }
