from application.command import Command
from domain.source import Source


class MarkSourceAsCopy(Command):
    EVENT = Source.MarkedAsCopy
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "source": "article-2026-02-14",
        "of": "nikkei-2026-02-13",
        "occurred": "2026-02-14",
    }
