from application.command import Command
from domain.tranche import Tranche


class PledgeTranche(Command):
    EVENT = Tranche.Pledged
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "tranche": "whole-commitment",
        "title": "The investment that Japan promises",
        "amount": {"amount": "550000000000", "currency": "USD"},
        "party": "japan",
        "occurred": "2025-07-22",
        "published": "2025-07-22",
    }
