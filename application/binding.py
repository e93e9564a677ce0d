"""How far an agreement has come for a party and between two, and what a step makes of that."""

from msgspec.structs import replace

from domain.agreement import BINDING, LEAVING, Step
from domain.fact import Fact
from domain.moment import order


class PartyStanding(Fact, omit_defaults=False, frozen=True):
    """How far the agreement has come for one party, and since when; suspended or expired, from what it goes on.

    A text that is announced or concluded is so for every party that has not come further, decided against it or left.
    """

    party: str
    status: str
    since: str | None
    suspended_from: str | None = None


class PairStanding(Fact, omit_defaults=False, frozen=True):
    """Whether it is in force between two parties (VCLT, article 24), and since when.

    It is where it is for both, unless something else was told of these two alone: `between` says that it is `in-force`,
    `suspended` or `not-in-force` between them, and `between_since` from when. Where it is for one of them, and the
    other applies it provisionally, or both do, it is `provisional` (article 25).
    """

    parties: tuple[str, str]
    in_force: bool
    since: str | None
    provisional: bool = False
    between: str | None = None
    between_since: str | None = None


WITHOUT_EFFECT = {"suspended", *LEAVING}
GONE = {*LEAVING, "rejected"}
"""How it stands for a party that it does not bind any more, or will not."""
IN_EFFECT = ("in-force", "applied-provisionally")
UNILATERAL = {"order", "law"}
"""Forms of instruments whose provisions apply from their own date: they need nobody's consent."""
_WAY = ("announced", "concluded", "initialled", "signed", "ratified", "deposited", "applied-provisionally")
"""The steps towards being bound (VCLT, articles 9 to 16 and 25), in their order."""
_OPEN = {"drafted", "rejected", *_WAY[:4]}
"""How far a party has come that can still decide against it."""
_FURTHER = ("announced", "concluded", *BINDING)
OF_TEXT = ("announced", "concluded")
"""The steps of the text as a whole, which show for every party that has not come further or decided against it."""
_OF_ALL = {"suspended", "resumed", "terminated", "expired"}
"""The steps that, taken for the whole, are taken for every party that has not left."""


def affected_by(event: Step, known: tuple[PartyStanding, ...]) -> set[str]:
    """The parties whose own standing a step changes: of one toward some alone none, but that it brings the agreement
    into force for those for whom it was not yet.
    """
    if not event.toward:
        all_of_them = {one.party for one in known if event.STEP in _OF_ALL and one.status not in LEAVING}
        open_to_all = {one.party for one in known if event.STEP in OF_TEXT and _follows_text(one)}
        return set(filter(None, event.takers)) or all_of_them or open_to_all
    if event.STEP != "in-force":
        return set()
    return {one.party for one in known if one.party in (*event.takers, *event.toward) and one.status != "in-force"}


def _follows_text(standing: PartyStanding) -> bool:
    return {standing.status, standing.suspended_from}.isdisjoint({*LEAVING, "rejected"})


def after_step(standing: PartyStanding, step: str, since: str) -> PartyStanding:
    """A party's standing after a step: none towards being bound takes back one that has come further, what is in force
    stays so from its first day, a resumption goes on from where the suspension found it or what was reached meanwhile,
    and nobody who has left is suspended.
    """
    if (step == "rejected" and standing.status not in _OPEN) or (step == standing.status == "in-force"):
        return standing
    held = standing.suspended_from if standing.status == "suspended" else None
    if step in _WAY:
        if (held or standing.status) in _FURTHER[_WAY.index(step) + 1 :]:
            return standing
        if held:
            return replace(standing, suspended_from=step)
    if step == "resumed":
        return replace(standing, status=held, since=since, suspended_from=None) if held else standing
    if step == "suspended" and standing.status in WITHOUT_EFFECT:
        return standing
    if step in {"suspended", "expired"}:
        return replace(standing, status=step, since=since, suspended_from=standing.status)
    return replace(standing, status=step, since=since, suspended_from=None)


def of_parties(parties: tuple[PartyStanding, ...]) -> str:
    """The status of the whole, as the parties' steps have it."""
    statuses = {standing.status for standing in parties}
    return statuses.pop() if len(statuses) == 1 else "differs-by-party"


def told_between(pair: PairStanding, event: Step, *, named: bool, affected: bool) -> str | None:
    """What holds between two alone after a step: `named` if it was told of these two, `affected` if the standing of one
    changes with it. None where nothing is told of them alone any more.
    """
    match event.STEP:
        case "in-force" if pair.in_force:
            return pair.between
        case "in-force" if event.toward:
            return "in-force" if named else "not-in-force" if affected and not pair.provisional else pair.between
        case "in-force" if affected and pair.between:
            return "in-force"
        case "suspended" if named and pair.between != "not-in-force":
            return "suspended"
        case "resumed" if pair.between == "suspended" and (named or affected):
            return "in-force"
        case step if step in LEAVING and step != "expired" and affected:
            return None
    return pair.between


def pair_of(one: PartyStanding, other: PartyStanding, alone: PairStanding | None) -> PairStanding:
    """How it stands between two, from the standing of each and what was told of these two `alone`."""
    between, told = (alone.between, alone.between_since) if alone else (None, None)
    applies = {one.status, other.status} <= {*IN_EFFECT} and between in {None, "in-force"}
    in_force = applies and one.status == other.status == "in-force"
    return PairStanding(
        parties=(one.party, other.party),
        in_force=in_force,
        since=max(one.since or "", other.since or "", told or "", key=order) if applies else None,
        provisional=applies and not in_force,
        between=between,
        between_since=told,
    )
