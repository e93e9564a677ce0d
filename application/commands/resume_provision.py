from application.command import Command
from domain.provision import Provision


class ResumeProvision(Command):
    EVENT = Provision.Resumed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "executive-order-14345",
        "provision": "reciprocal-rate",
        "occurred": "2026-02-24",
    }
