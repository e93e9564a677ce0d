"""The command that records an erasure. It is no file of `commands`: nobody tells it over HTTP."""

from application.command import Command
from domain.erasure import Erasure


class RecordErasure(Command):
    EVENT = Erasure.Made
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "erasure": "4f9c1d6a0b8e4a5c9d3e7f2a1b6c8d0e",
        "records": ["019a8b5e-0000-7000-8000-000000000001"],
        "named_in": ["019a8b5e-0000-7000-8000-000000000002"],
        "occurred": "2026-06-01T09:30Z",
        "reason": "Asked for by the person under article 17 of the GDPR.",
    }
