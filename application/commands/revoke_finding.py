from application.command import Command
from domain.finding import Finding


class RevokeFinding(Command):
    EVENT = Finding.Revoked
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "finding": "size-of-first-batch",
        "occurred": "2026-03-01",
        "reason": "The fact sheet was withdrawn.",
    }
