from application.command import Command
from domain.agreement import Agreement


class TerminateAgreement(Command):
    EVENT = Agreement.Terminated
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "executive-order-14345",
        "note": "The Supreme Court: the emergency powers act authorises no tariffs.",
        "occurred": "2026-02-20",
    }
