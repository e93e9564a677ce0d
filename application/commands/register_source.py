from application.command import Command
from domain.source import Source


class RegisterSource(Command):
    EVENT = Source.Registered
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "source": "article-2026-02-14",
        "title": "Japan will accelerate negotiations with the United States on investment",
        "publisher": "an agency's report, citing the Nikkei",
        "kind": "article",
        "language": "en",
        "occurred": "2026-02-14",
        "published": "2026-02-14",
    }
