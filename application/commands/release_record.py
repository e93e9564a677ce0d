from application.command import Command
from domain.release import Released


class ReleaseRecord(Command):
    EVENT = Released
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "record": "019a8b5e-0000-7000-8000-000000000001",
        "consent": "letter-2025-09-04",
        "occurred": "2025-09-05",
        "reason": "The memorandum is signed, and its drafts may be shown.",
    }
