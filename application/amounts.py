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
    if isinstance(event, Claim.Made) and isinstance(event.value, Amount):
        return Told(event.subject, event.value.quantity)
    money = getattr(event, "amount", None) if isinstance(event, Step) else None
    if isinstance(money, Money):
        return Told(f"tranche/{event.envelope.key}/amount", Amount(money=money).quantity)
    return None
