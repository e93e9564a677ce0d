from application.command import Command
from domain.proposal import Proposal


class WithdrawProposal(Command):
    EVENT = Proposal.Withdrawn
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "proposal": "fifteen-per-cent",
        "note": "The letter of 7 July takes its place.",
        "occurred": "2025-07-07",
    }
