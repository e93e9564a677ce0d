from collections.abc import Iterator

from msgspec.json import decode, encode

from application.flag import Detail, Observation, Rule, Seen, detail
from domain.comparison import relation
from domain.event import DomainEvent
from domain.moment import date_before
from domain.provision import Provision
from domain.value import Value


def _sees(event: DomainEvent) -> Iterator[Observation]:
    """Each amendment with its text and, as its unit, the value that it tells, or takes away."""
    if isinstance(event, Provision.Amended):
        tells_value = event.value or "value" in event.without
        value = encode(event.value).decode() if tells_value else ""
        yield Observation(f"provision/{event.envelope.key}", event.text, str(event.envelope.id), value)


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at all anew: at whether what stands once an amendment takes effect had done so before it."""
    return tuple(
        detail(f"{_told(one)}, has no effect: {_told(last)}, stays", one, last)
        for one in seen
        if (last := _overtakes(one, seen)) and not _agree(one, last)
    )


def _overtakes(one: Seen, seen: tuple[Seen, ...]) -> Seen | None:
    """The last amendment that was made after another and before the day of that, where none takes the place of both; to
    one of the value only others of that do.
    """
    later = [other for other in seen if date_before(one.basis.occurred, other.basis.occurred)]
    later = [other for other in later if other.unit or not one.unit]
    if not later or any(not date_before(other.basis.takes_effect, one.basis.takes_effect) for other in later):
        return None
    return later[-1] if date_before(later[-1].basis.occurred, one.basis.takes_effect) else None


def _agree(one: Seen, other: Seen) -> bool:
    """Whether two say the same: of the value where one tells that, else of the text."""
    if not one.unit:
        return one.what == other.what
    value, another = (decode(told.unit or "null", type=Value | None) for told in (one, other))
    return relation(value, another) == "agree" if value and another else value is another


def _told(one: Seen) -> str:
    return f"amended on {one.basis.occurred}, from {one.basis.takes_effect}"


RULE = Rule(
    name="amendment-overtaken",
    says="An amendment of a provision was to take effect, and one that was made after it took effect before and stays.",
    severity="notice",
    source="of two amendments the one that was made last decides (as of treaties: VCLT, article 30)",
    sees=_sees,
    of=(Provision,),
    judge=_judge,
)
