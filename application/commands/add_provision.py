from application.command import Command
from domain.provision import Provision


class AddProvision(Command):
    EVENT = Provision.Added
    EXAMPLE = {
        "negotiation": "japan-us-2025",
        "agreement": "memorandum",
        "provision": "profit-split",
        "title": "Split of the cash",
        "kind": "profit-split",
        "text": "Half each until the deemed allocation amount, then 90 to the United States and 10 to Japan.",
        "issue": "profit-split",
        "occurred": "2025-09-04",
        "evidence": [{"source": "memorandum", "locator": "paragraph 5"}],
    }
