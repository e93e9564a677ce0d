from application.command import Command
from domain.provision import Provision


class RemoveProvision(Command):
    EVENT = Provision.Removed
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "provision": "defence",
        "occurred": "2025-09-04",
    }
