"""Provisions: what each says as it stands, and whether it applies on a day."""

from typing import NamedTuple

from msgspec.structs import replace

from application.reckoning import Reckoner
from application.stand import Stand, with_record
from application.view import Basis, Record
from domain.fact import Fact
from domain.moment import surely_before
from domain.provision import Dependence, Provision, is_over
from domain.text import until
from domain.value import Value


class ProvisionEntry(Fact, omit_defaults=False, frozen=True):
    """A provision as it stands, with every claim about what it means side by side.

    It `binds` some parties, or nobody in particular. A `condition` is told in words, and of `suspended_until` a date
    alone is looked at. `basis` is the last record about it, `told` the last that said what it holds. Whether it
    `applies` on the day, and `why`, is worked out from its own life, conditions and sunset; whether the agreement binds
    anybody is another question. `day` is the one that a rule gives which is its value.
    """

    key: str
    number: str | None = None
    title: str = ""
    kind: str = ""
    text: str = ""
    value: Value | None = None
    day: str | None = None
    issue: str | None = None
    binds: tuple[str, ...] = ()
    condition: str | None = None
    sunset: str | None = None
    depends_on: tuple[Dependence, ...] = ()
    status: str = "part"
    suspended_until: str | None = None
    basis: Basis | None = None
    told: Basis | None = None
    claims: tuple[Stand, ...] = ()
    applies: bool | None = None
    why: str = ""


def after_record(entry: ProvisionEntry, record: Record) -> ProvisionEntry:
    """A provision after a record about it, or about what it means."""
    event = record.event
    match event:
        case Provision.Added():
            return replace(
                entry,
                number=event.number,
                title=event.title,
                kind=event.kind,
                text=event.text,
                value=event.value,
                issue=event.issue,
                binds=event.binds,
                condition=event.condition,
                depends_on=event.depends_on,
                sunset=event.sunset,
                status="part",
                suspended_until=None,
                basis=Basis.of(record),
                told=Basis.of(record),
            )
        case Provision.Amended():
            entry = replace(entry, **dict.fromkeys(event.without))
            return replace(
                entry,
                number=event.number or entry.number,
                title=event.title or entry.title,
                text=event.text,
                value=event.value or entry.value,
                binds=entry.binds if event.binds is None else event.binds,
                condition=event.condition or entry.condition,
                depends_on=entry.depends_on if event.depends_on is None else event.depends_on,
                sunset=event.sunset or entry.sunset,
                basis=Basis.of(record),
                told=Basis.of(record),
            )
        case Provision.Removed():
            return replace(entry, status="removed", suspended_until=None, basis=Basis.of(record))
        case Provision.Suspended():
            return replace(entry, status="suspended", suspended_until=event.until, basis=Basis.of(record))
        case Provision.Resumed():
            return replace(entry, status="part", suspended_until=None, basis=Basis.of(record))
    return replace(entry, claims=with_record(entry.claims, record))


class Applied(NamedTuple):
    """Whether a provision applies on a day, why, with which value, and since which day, where a condition says that."""

    applies: bool
    why: str
    value: Value | None
    since: str | None = None


def applied(entry: ProvisionEntry, reckoner: Reckoner) -> Applied:
    """Whether a provision applies on the day."""
    value, why, since = entry.value, "it is part of the agreement", None
    if entry.basis is None:
        return Applied(False, "it is no part of the agreement yet", value)
    if entry.status == "suspended" and is_over(entry.suspended_until, reckoner.asked):
        why = f"it was suspended until {entry.suspended_until}"
    elif entry.status != "part":
        return Applied(False, f"it is {entry.status} {until(entry.suspended_until)}".rstrip(), value)
    if entry.sunset and surely_before(entry.sunset, reckoner.asked):
        return Applied(False, f"it ended with its sunset on {entry.sunset}", value)
    found_all = [(dependence, reckoner.condition(dependence.rule)) for dependence in entry.depends_on]
    for dependence, found in sorted(found_all, key=lambda one: one[1].day or ""):
        has_come = found.day is not None and found.day <= reckoner.day.isoformat()
        told = f"{found.day}: {found.says}" if found.day else found.says
        if dependence.effect == "begins" and not has_come:
            return Applied(False, f"it begins {told}" if found.day else f"it {told}", value)
        if dependence.effect == "ends" and has_come:
            return Applied(False, f"it ended {told}", value)
        if has_come:
            verb = "applies since" if dependence.effect == "begins" else "reverted"
            why, value = f"it {verb} {told}", dependence.value or value
            since = found.day if dependence.effect == "begins" else since
    return Applied(True, f"{why}, under a condition: {entry.condition}" if entry.condition else why, value, since)
