from application.command import Command
from domain.claim import Claim


class MakeClaim(Command):
    EVENT = Claim.Made
    MINTS_KEY = True
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "kind": "position",
        "claimant": "united-states",
        "speaker": "Donald Trump",
        "subject": "issue/profit-split",
        "value": {"type": "share", "percent": "90", "to": "united-states"},
        "occurred": "2025-07-22T20:15-04:00",
        "published": "2025-07-22",
        "evidence": [{"source": "trump-post-2025-07-22"}],
    }
