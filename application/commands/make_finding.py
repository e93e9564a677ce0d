from application.command import Command
from domain.finding import Finding


class MakeFinding(Command):
    EVENT = Finding.Made
    MINTS_KEY = True
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "finding": "size-of-first-batch",
        "prefers": "us-first-batch-36",
        "over": ["nikkei-first-batch"],
        "policy": "official-text-over-report",
        "reasons": "The fact sheet names projects with their amounts; the report of the week before has candidates.",
        "occurred": "2026-02-18",
    }
