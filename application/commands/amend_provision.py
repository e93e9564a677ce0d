from application.command import Command
from domain.provision import Provision


class AmendProvision(Command):
    EVENT = Provision.Amended
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "provision": "selection",
        "text": "Investments are selected until 19 January 2029.",
        "sunset": "2029-01-19",
        "occurred": "2025-09-04",
    }
