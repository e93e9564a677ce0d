from application.command import Command
from domain.proposal import Proposal


class AnswerProposal(Command):
    EVENT = Proposal.Answered
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "proposal": "fifteen-per-cent",
        "party": "japan",
        "answer": "accepted",
        "occurred": "2025-07-22",
    }
