"""Amounts of money and numbers of things, whichever kind of record tells them."""

from decimal import Decimal
from typing import NamedTuple

from domain.claim import Claim
from domain.event import DomainEvent
from domain.money import Money
from domain.tranche import Step
from domain.value import Amount, Count


class Told(NamedTuple):
    """An amount or a number, and the subject that a claim about it would have."""

    subject: str
    value: Amount | Count

    @property
    def number(self) -> Decimal:
        """In the unit in which it was told."""
        return self.value.quantity.number

    @property
    def unit(self) -> str:
        """In the words in which it was told, with its period and its basis."""
        value = self.value
        named = (value.money.currency, value.money.per) if isinstance(value, Amount) else (value.unit, value.per)
        return " ".join(filter(None, (*named, value.basis)))


def amount_told(event: DomainEvent) -> Told | None:
    """The amount or number that a record tells, if it tells one."""
    if isinstance(event, Claim.Made) and isinstance(event.value, Amount | Count):
        return Told(event.subject, event.value)
    money = getattr(event, "amount", None) if isinstance(event, Step) else None
    if isinstance(money, Money):
        return Told(f"tranche/{event.envelope.key}/amount", Amount(money=money))
    return None
