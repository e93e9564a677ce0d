"""Amounts of money, whichever kind of record tells them."""

from typing import NamedTuple

from domain.claim import Claim
from domain.event import DomainEvent
from domain.money import Money
from domain.quantity import Quantity
from domain.tranche import Step
from domain.value import Amount


class Told(NamedTuple):
    """An amount, and the subject that a claim about it would have."""

    subject: str
    quantity: Quantity


def amount_told(event: DomainEvent) -> Told | None:
    """The amount that a record tells, if it tells one."""
    subject, money = None, None
    if isinstance(event, Claim.Made) and isinstance(event.value, Amount):
        subject, money = event.subject, event.value.money
    elif isinstance(event, Step):
        subject, money = f"tranche/{event.envelope.key}/amount", getattr(event, "amount", None)
    found = Amount(money=money).quantity if isinstance(money, Money) else None
    return Told(subject, found) if subject and found else None
