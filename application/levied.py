"""Rates: every provision that is a tariff, and whether it is levied on a day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import product
from typing import NamedTuple

from application.binding import IN_EFFECT, UNILATERAL, WITHOUT_EFFECT, PartyStanding
from application.projections.agreements import (
    AgreementDocument,
    is_in_effect,
    not_in_force,
    on_day,
    without_effect,
)
from application.projections.negotiations import PartyEntry
from application.provisions import ProvisionEntry, applied
from application.reckoning import Survey
from domain.moment import first_date
from domain.tariff import Tariff


class Bound(NamedTuple):
    """How an agreement stands for each party, for each union of which members are parties, and between two alone."""

    standings: dict[str, PartyStanding]
    unions: dict[str, PartyStanding]
    apart: Mapping[frozenset[str], str]

    def of(self, names: Sequence[str]) -> list[PartyStanding]:
        """How it stands for somebody, under all of its names; for a union as for the member for which it is best."""
        own = [self.standings[name] for name in names if name in self.standings]
        return own or [self.unions[name] for name in names[:1] if name in self.unions]


class LeviedRate(NamedTuple):
    """A rate as its provision has it on the day, and why it does not apply, if it does not.

    `since` is the day on which it began, where a condition says that. `bound` are those for whom its agreement is; an
    order or a law needs nobody's consent.
    """

    provision: str
    entry: ProvisionEntry
    tariff: Tariff
    why: str
    against: str | None
    since: str | None
    bound: Bound | None


def rates(
    survey: Survey, later: dict[str, AgreementDocument], names: Mapping[str, tuple[str, ...]], offices: Set[str]
) -> Iterator[LeviedRate]:
    """All rates on the day: also those that begin on an earlier day than that of their record, by a condition.

    `later` is every agreement as it stands in the end; `names` are those of `names_of`.
    """
    standing = survey.documents(AgreementDocument, hidden=True)
    known = {document.key: on_day(document, survey.asked) for document in standing}
    for key, document in later.items():
        for entry in document.provisions:
            agreement = known.get(key)
            stands = _entry(agreement, entry.key)
            if stands is None and any(dependence.effect == "begins" for dependence in entry.depends_on):
                agreement = _as_first_told(key, entry.key, survey)
                agreement = agreement and on_day(agreement, survey.asked)
                stands = _entry(agreement, entry.key)
            if stands and agreement:
                found = applied(stands, survey)
                if isinstance(found.value, Tariff):
                    against = _not_levied(agreement, document.form, found.value, known) if found.applies else found.why
                    against = against or without_effect(agreement, stands.binds)
                    bound = _bound(agreement, document.form, names, offices)
                    yield LeviedRate(f"{key}/{entry.key}", stands, found.value, found.why, against, found.since, bound)


def names_of(parties: Iterable[PartyEntry]) -> dict[str, tuple[str, ...]]:
    """By each party its name, and those of all whom it represents, the nearest first: a member's goods are also the
    union's.
    """
    represents = {party.key: party.represents for party in parties}
    names = {}
    for party in represents:
        told = [party]
        while (whom := represents.get(told[-1])) and whom not in told:
            told.append(whom)
        names[party] = tuple(told)
    return names


def _bound(
    agreement: AgreementDocument, form: str, names: Mapping[str, tuple[str, ...]], offices: Set[str]
) -> Bound | None:
    """For whom an agreement is; what an office agrees to binds those whom it represents. Where one party alone is on
    record, nobody knows with whom it agreed.
    """
    if form in UNILATERAL or len(agreement.parties) < 2:
        return None
    bound = Bound({}, {}, {})
    for standing in sorted(agreement.parties, key=lambda standing: standing.status in IN_EFFECT):
        chain = names.get(standing.party, (standing.party,))
        own = next((place for place, name in enumerate(chain) if name not in offices), len(chain) - 1)
        bound.standings[chain[own]] = standing
        bound.unions.update(dict.fromkeys(chain[own + 1 : own + 2], standing))
    apart = [(pair.parties, pair.between) for pair in agreement.pairs if pair.between not in (None, "in-force")]
    return bound._replace(apart={frozenset(both): str(between) for both, between in apart})


def not_between(rate: LeviedRate, *sides: Sequence[str]) -> str | None:
    """Why the agreement that says a rate is not in effect between some, each under all of its names.

    It gives no rights to those who are no party (VCLT, article 34), and to a party none before it is in force for it,
    or applied provisionally (articles 24 and 25).
    """
    agreement = rate.provision.partition("/")[0]
    if rate.bound is None:
        return None
    found = [rate.bound.of(names) for names in sides]
    for names, standings in zip(sides, found, strict=True):
        if names and not standings:
            return f"{names[0]} is no party of {agreement}"
        if standings and not any(standing.status in IN_EFFECT for standing in standings):
            return f"{agreement} is {_not_for(standings[0], names[0])}"
    for both in product(*({standing.party for standing in standings} for standings in found)):
        if between := rate.bound.apart.get(frozenset(both)):
            return f"{agreement} is {between.replace('-', ' ')} between {' and '.join(both)}"
    return None


def _not_for(standing: PartyStanding, party: str) -> str:
    if standing.status in WITHOUT_EFFECT:
        return f"{standing.status} for {party}, since {standing.since}"
    return f"not in force for {party}"


def _entry(agreement: AgreementDocument | None, key: str) -> ProvisionEntry | None:
    provisions = agreement.provisions if agreement else ()
    return next((entry for entry in provisions if entry.key == key and entry.basis), None)


def _as_first_told(agreement: str, provision: str, survey: Survey) -> AgreementDocument | None:
    """An agreement as it stood on the day on which a provision became part of it."""
    first = next(iter(survey.happened(f"provision/{agreement}/{provision}/added")), None)
    return survey.document_on(AgreementDocument, agreement, first_date(first.when)) if first else None


def all_agreements(survey: Survey) -> dict[str, AgreementDocument]:
    """Every agreement as it stands once all that is known has taken effect."""
    return {document.key: document for document in survey.documents_later(AgreementDocument)}


def all_tariffs(later: dict[str, AgreementDocument]) -> list[Tariff]:
    """Every tariff that stands in the end: names are timeless."""
    entries = [entry for document in later.values() for entry in document.provisions]
    return [entry.value for entry in entries if isinstance(entry.value, Tariff)]


def _not_levied(
    agreement: AgreementDocument, form: str, tariff: Tariff, known: dict[str, AgreementDocument]
) -> str | None:
    """Why an instrument, or the one that it rests on, keeps a rate from being levied on any goods.

    Of what form it is counts also before it was drafted: an order can reach back.
    """
    if form in UNILATERAL or not is_in_effect(agreement):
        status, since = _standing(agreement, tariff.levied_by)
        if status in WITHOUT_EFFECT:
            return f"{agreement.key} is {status}, since {since}"
        if form not in UNILATERAL:
            return f"{agreement.key} is {not_in_force(agreement)}"
    below = known.get(tariff.rests_on or "")
    if below:
        status, since = _standing(below, tariff.levied_by)
        if status in WITHOUT_EFFECT:
            return f"{below.key}, on which it rests, is {status}, since {since}"
    return None


def _standing(document: AgreementDocument, party: str | None) -> tuple[str, str | None]:
    """How an instrument stands: for the party that levies, or else for whoever it has come furthest."""
    standings = [standing for standing in document.parties if party in (None, standing.party)]
    for status in IN_EFFECT:
        for standing in standings:
            if standing.status == status:
                return standing.status, standing.since
    return (standings[0].status, standings[0].since) if standings else (document.status, document.last_occurred)
