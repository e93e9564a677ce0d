from application.command import Command
from domain.claim import Claim


class WithdrawClaim(Command):
    EVENT = Claim.Withdrawn
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "claim": "signing-bonus",
        "occurred": "2025-10-28",
    }
