from application.command import Command
from domain.agreement import Agreement


class ExtendAgreement(Command):
    EVENT = Agreement.Extended
    EXAMPLE = {
        "negotiation": "grain-corridor",
        "agreement": "initiative",
        "until": "2023-03-18",
        "occurred": "2022-11-17",
    }
