"""Rates: every provision that is a tariff, and whether it is levied on a day."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from application.projections.agreements import AgreementDocument
from application.provisions import ProvisionEntry, applied
from application.reckoning import Reckoner
from domain.tariff import Tariff

_UNILATERAL = {"order", "law"}
"""Forms of instruments whose provisions apply from their own date: they need nobody's consent."""


class LeviedRate(NamedTuple):
    """A rate as its provision has it on the day, and why it does not apply, if it does not."""

    provision: str
    entry: ProvisionEntry
    tariff: Tariff
    why: str
    against: str | None


def rates(reckoner: Reckoner) -> Iterator[LeviedRate]:
    """All rates on the day: also those that begin on an earlier day than that of their record, by a condition."""
    known, later = _agreements(reckoner.documents("agreements")), all_agreements(reckoner)
    for key, document in later.items():
        now = {entry.key: entry for entry in known[key].provisions if entry.basis} if key in known else {}
        for entry in document.provisions:
            backdated = any(dependence.effect == "begins" for dependence in entry.depends_on)
            stands = now.get(entry.key, entry if backdated else None)
            found = applied(stands, reckoner) if stands else None
            if stands and found and isinstance(found.value, Tariff):
                against = _not_levied(key, found.value, known if key in known else later)
                yield LeviedRate(
                    f"{key}/{entry.key}", stands, found.value, found.why, against if found.applies else found.why
                )


def all_agreements(reckoner: Reckoner) -> dict[str, AgreementDocument]:
    """Every agreement as it stands once all that is known has taken effect."""
    return _agreements(reckoner.documents_later("agreements"))


def all_tariffs(reckoner: Reckoner) -> list[Tariff]:
    """Every tariff that stands at some time: names are timeless."""
    entries = [entry for document in all_agreements(reckoner).values() for entry in document.provisions]
    return [entry.value for entry in entries if isinstance(entry.value, Tariff)]


def _agreements(documents: Iterable[object]) -> dict[str, AgreementDocument]:
    return {document.key: document for document in documents if isinstance(document, AgreementDocument)}


def _not_levied(key: str, tariff: Tariff, agreements: dict[str, AgreementDocument]) -> str | None:
    """Why an instrument, or the one that it rests on, keeps a rate from being levied."""
    status, since = _standing(agreements[key], tariff.levied_by)
    if status in {"terminated", "withdrawn", "suspended"}:
        return f"{key} is {status}, since {since}"
    if agreements[key].form not in _UNILATERAL and status not in {"in-force", "applied-provisionally"}:
        return f"{key} is {status or 'drafted'}, not in force"
    below = agreements.get(tariff.rests_on or "")
    if below:
        status, since = _standing(below, tariff.levied_by)
        if status in {"terminated", "withdrawn", "suspended"}:
            return f"{below.key}, on which it rests, is {status}, since {since}"
    return None


def _standing(document: AgreementDocument, party: str | None) -> tuple[str, str | None]:
    """How an instrument stands: for the party that levies, or else for whoever it has come furthest."""
    standings = [standing for standing in document.parties if party in (None, standing.party)]
    for status in ("in-force", "applied-provisionally"):
        for standing in standings:
            if standing.status == status:
                return standing.status, standing.since
    return (standings[0].status, standings[0].since) if standings else (document.status, document.last_occurred)
