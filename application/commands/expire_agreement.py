from application.command import Command
from domain.agreement import Agreement


class ExpireAgreement(Command):
    EVENT = Agreement.Expired
    EXAMPLE = {
        "negotiation": "grain-corridor",
        "agreement": "initiative",
        "occurred": "2023-07-17",
    }
