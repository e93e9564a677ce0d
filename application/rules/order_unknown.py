from collections.abc import Iterator

import msgspec

from application.flag import Detail, Observation, Rule, Seen, detail
from domain.claim import Claim
from domain.event import DomainEvent
from domain.moment import order
from domain.value import Amount

_DAY = len("2025-12-09")


def _sees(event: DomainEvent) -> Iterator[Observation]:
    """A value and when it was claimed; `unit` is its currency, as amounts in two currencies stand beside each other."""
    if isinstance(event, Claim.Made):
        value = event.value
        currency = value.money.currency if isinstance(value, Amount) else None
        told = msgspec.json.encode(value).decode()
        yield Observation(f"{event.subject}:{event.claimant}:{event.kind}", told, event.envelope.occurred, currency)


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at all that was seen anew: of two that sort alike it does not matter which was told first."""
    if not any(_is_vague(one) for one in seen):
        return ()
    ranked = sorted(seen, key=lambda one: (order(one.basis.occurred), one.basis.occurred, one.what))
    details = []
    for place, later in enumerate(ranked):
        earlier = next((one for one in ranked[:place] if _unknown(one, later)), None)
        if earlier:
            times = f"one value in {earlier.basis.occurred}, another in {later.basis.occurred}"
            details.append(detail(f"{later.told_by} claims {times}: which came last is not told", earlier, later))
    return tuple(details)


def _is_vague(seen: Seen) -> bool:
    return len(seen.basis.occurred) < _DAY


def _unknown(earlier: Seen, later: Seen) -> bool:
    """Whether a value takes the place of one before it whose time is vague and holds its own."""
    beside = earlier.unit and later.unit and earlier.unit != later.unit
    in_it = _is_vague(earlier) and later.basis.occurred.startswith(earlier.basis.occurred)
    return in_it and not beside and earlier.what != later.what


RULE = Rule(
    name="order-unknown",
    says="Two claims of one claimant differ, and the time of one is too vague to tell which came last.",
    severity="notice",
    source="the order of time; a vague time counts from its beginning, so that the other one stands",
    sees=_sees,
    of=(Claim,),
    judge=_judge,
)
