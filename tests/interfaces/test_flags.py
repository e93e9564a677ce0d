"""Flags over HTTP: each rule finds what is irregular, and lets pass what is not; nothing is refused for it."""

from collections.abc import Callable
from typing import Any

import pytest

from application.flag import all_rules
from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
N = "/v1/negotiations/talks"
Told = tuple[str, dict[str, Any]]


def usd(amount: str, **more: str) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"} | more


def report(amount: str, source: str, subject: str = "tranche/ports/amount", **more: str) -> Told:
    value = {"type": "money", "money": usd(amount, **more)}
    facts = {"kind": "report", "claimant": "north", "subject": subject, "value": value}
    return "make-claim", facts | {"evidence": [{"source": source}]}


def count(number: int | str, source: str, subject: str = "issue/fish/amount", **more: str) -> Told:
    value = {"type": "count", "number": number, "unit": "barrels", "per": "day"} | more
    facts = {"kind": "report", "claimant": "north", "subject": subject, "value": value}
    return "make-claim", facts | {"evidence": [{"source": source}]}


def quoted(text: str, occurred: str = "2026-02-10", **more: Any) -> Told:
    value = {"type": "text", "text": "-"}
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish", "value": value}
    return "make-claim", claim | {"quotation": text, "occurred": occurred} | more


def dated(text: str, day: str) -> Told:
    facts = {
        "kind": "report",
        "claimant": "north",
        "subject": "issue/fish/date",
        "value": {"type": "date", "date": day},
    }
    return "make-claim", facts | {"quotation": text, "occurred": "2026-02-10"}


def signed(*parties: str, **more: Any) -> Told:
    return "sign-agreement", {"agreement": "deal", "parties": list(parties)} | more


def drafted(**more: str) -> Told:
    told = {"agreement": "deal", "title": "D", "form": "treaty", "parties": ["north", "south"]}
    return "draft-agreement", told | more


CUT = {"agreement": "deal", "provision": "cut"}


def provided(**more: str) -> Told:
    return "add-provision", CUT | {"title": "Cut", "kind": "quota", "text": "-"} | more


def amended(occurred: str, effective: str | None = None, percent: str | None = None, **more: Any) -> Told:
    value = {"value": {"type": "share", "percent": percent}} if percent else {}
    when = {"occurred": occurred} | ({"effective": effective} if effective else {})
    return "amend-provision", CUT | when | value | {"text": f"As of {occurred}, from {effective}."} | more


def extended(occurred: str, until: str | None) -> Told:
    return "extend-agreement", {"agreement": "deal", "occurred": occurred} | ({"until": until} if until else {})


def three() -> list[Told]:
    """A treaty that three have signed."""
    told = {"agreement": "deal", "title": "D", "form": "treaty", "parties": ["north", "south", "east"]}
    east = {"party": "east", "name": "East", "kind": "state"}
    return [("add-party", east), ("draft-agreement", told), signed("north", "south", "east")]


def consented(step: str, party: str, occurred: str) -> Told:
    command = {"ratify": "ratify-agreement", "deposit": "deposit-instrument"}[step]
    return command, {"agreement": "deal", "parties": [party], "occurred": occurred}


def tabled(**more: Any) -> Told:
    return "table-proposal", {"proposal": "offer", "party": "north", "title": "O", "text": "-"} | more


def answered(party: str) -> Told:
    return "answer-proposal", {"proposal": "offer", "party": party, "answer": "accepted-in-part"}


def voted(outcome: str, **told: str) -> Told:
    return "record-vote", {"vote": "consent", "body": "House", "outcome": outcome} | told


PLEDGE: Told = ("pledge-tranche", {"tranche": "ports", "amount": usd("100")})
IRREGULAR: list[tuple[str, list[Told]]] = [
    ("weekday", [quoted("see you Friday, February 14")]),
    ("weekday", [quoted("on Friday, the 14th", "2026-02-14")]),
    ("weekday", [quoted("2月14日(金曜日)")]),
    ("weekday", [quoted("2月14日(金)の会見")]),
    ("weekday", [quoted("vendredi 14 février 2026")]),
    ("weekday", [dated("Friday", "2026-02-14")]),
    ("two-exchange-rates", [
        report("550", "paper"), report("463", "paper", currency="EUR"),
        report("148", "paper", "tranche/mines/amount"), report("126", "paper", "tranche/mines/amount", currency="EUR"),
    ]),
    ("two-exchange-rates", [
        report("40714000000", "paper", currency="XDR"), report("56300000000", "paper"),
        report("4100000000", "paper", "tranche/mines/amount", currency="XDR"),
        report("6300000000", "paper", "tranche/mines/amount", qualifier="about"),
    ]),
    ("magnitude", [count(9_700_000, "paper"), count("97000000", "post", unit="Barrel")]),
    ("magnitude", [count("-5.2", "paper"), count("-52", "post")]),
    ("magnitude", [report("8000", "paper"), report("80000", "post")]),
    ("magnitude", [report("5.2", "paper"), report("5000", "post")]),
    ("step-missing", [
        ("schedule-round", {"round": "1", "planned_start": "2025-06-02"}), ("close-round", {"round": "1", "outcome": "-"}),
    ]),
    ("step-missing", [("contract-tranche", {"tranche": "ports", "amount": usd("5")})]),
    ("step-missing", [
        ("draft-agreement", {"agreement": "levy", "title": "L", "form": "order", "parties": ["north"]}),
        ("resume-agreement", {"agreement": "levy", "occurred": "2025-06-02"}),
    ]),
    ("step-missing", [  # a pledge holds nobody, and a commitment that comes later did not
        PLEDGE, ("select-tranche", {"tranche": "mines", "part_of": "ports"}),
        ("record-draw", {"tranche": "mines", "amount": usd("5"), "occurred": "2025-06-03"}),
        ("pledge-tranche", {"tranche": "ports", "amount": usd("5"), "rung": "commitment", "occurred": "2025-06-04"}),
    ]),
    ("step-missing", [("return-funds", {"tranche": "ports", "rung": "drawn", "amount": usd("5")})]),
    *[
        ("step-missing", [
            PLEDGE, *[("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": day}) for day in days],
            ("contract-tranche", {"tranche": "ports", "amount": usd("5"), "occurred": "2026"}),
        ])
        for days in (["2025"], ["2025", "2025-01-01"], ["2025-01-01", "2025"])
    ],
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [  # told late
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-02"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-04"}),
        ("cancel-tranche", {"tranche": "ports", "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        ("schedule-round", {"round": "1", "planned_start": "2025-06-02"}), ("cancel-round", {"round": "1"}),
        ("close-round", {"round": "1", "outcome": "-", "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        drafted(), ("withdraw-from-agreement", {"agreement": "deal", "parties": ["north"]}),
        ("suspend-agreement", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        drafted(), ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"]}),
        ("terminate-agreement", {"agreement": "deal", "occurred": "2025-06-02"}),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        drafted(), ("terminate-agreement", {"agreement": "deal", "occurred": "2025-06-02"}),
        ("amend-agreement", {"agreement": "deal", "text": "-", "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        drafted(), signed("north", "south"),
        ("withdraw-from-agreement", {"agreement": "deal", "parties": ["south"], "occurred": "2025-06-02"}),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [
        *three(), consented("ratify", "south", "2025-06-02"), consented("deposit", "east", "2025-06-02"),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [  # toward whom it comes into force, too
        *three(), consented("ratify", "south", "2025-06-02"), consented("ratify", "east", "2025-06-02"),
        ("bring-into-force", {
            "agreement": "deal", "parties": ["south"], "toward": ["north"], "occurred": "2025-06-03",
        }),
    ]),
    ("after-the-end", [
        ("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2025-07-01"}),
        ("record-deadline-outcome", {"deadline": "reply", "outcome": "met", "occurred": "2025-06-02"}),
        ("revise-deadline", {"deadline": "reply", "due": "2025-08-01", "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        ("schedule-round", {"round": "1", "planned_start": "2025-06-02"}), ("cancel-round", {"round": "1"}),
        ("open-round", {"round": "1", "occurred": "2025-06-02"}),
    ]),
    ("answered-by-another", [
        ("add-party", {"party": "east", "name": "East", "kind": "state"}), tabled(to=["south"]), answered("south"),
        answered("east"),
    ]),
    ("answered-by-another", [  # dated before it
        ("add-party", {"party": "east", "name": "East", "kind": "state"}), tabled(to=["south"], occurred="2025-06-02"),
        answered("east"),
    ]),
    ("before-it-began", [
        ("raise-issue", {"issue": "squid", "title": "Squid"}),
        ("settle-issue", {"issue": "squid", "terms": "-", "occurred": "2025-05-31"}),
    ]),
    ("before-it-began", [drafted(), ("conclude-agreement", {"agreement": "deal", "occurred": "2025-05-31"})]),
    ("before-it-began", [
        ("table-proposal", {"proposal": "offer", "party": "north", "title": "O", "text": "-"}),
        ("answer-proposal", {"proposal": "offer", "party": "south", "answer": "rejected", "occurred": "2025-05-31"}),
    ]),
    ("before-it-began", [  # told late
        ("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2025-07-01", "occurred": "2025-06-02"}),
        ("cancel-deadline", {"deadline": "reply", "occurred": "2025-06-01"}),
    ]),
    ("before-it-began", [
        drafted(), provided(occurred="2025-06-02"), amended("2025-06-01"),
    ]),
    ("before-it-began", [  # told late
        drafted(), provided(), ("suspend-provision", {**CUT, "occurred": "2025-06-03"}),
        ("remove-provision", {**CUT, "occurred": "2025-05-31"}),
    ]),
    ("amendment-overtaken", [
        drafted(), provided(), amended("2025-06-02", "2025-07-01"), amended("2025-06-02", "2025-09-01", "7"),
        amended("2025-06-10", "2025-08-01", "9"),
    ]),
    ("amendment-overtaken", [  # told late
        drafted(), provided(), amended("2025-06-10", None), amended("2025-06-02", "2025-09-01"),
    ]),
    ("amendment-overtaken", [  # what takes its place tells no value, and what stays takes that away
        drafted(), provided(), amended("2025-06-02", "2025-09-01", "7"), amended("2025-06-10", None, without=["value"]),
        amended("2025-06-11", "2025-10-01"),
    ]),
    ("after-the-end", [drafted(until="2025-06-30"), extended("2025-07-02", "2025-12-31")]),
    ("after-the-end", [
        drafted(until="2025-06-30"), extended("2025-06-02", "2025-07-31"), extended("2025-08-01", None),
    ]),
    ("ends-before-it-begins", [drafted(until="2025-12-31"), extended("2025-06-02", "2025-10-31")]),
    ("ends-before-it-begins", [  # told late
        drafted(until="2025-09-30"), extended("2025-06-03", "2025-10-31"), extended("2025-06-02", "2025-12-31"),
    ]),
    ("ends-before-it-begins", [("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2024-06-02"})]),
    ("outcome-against-the-numbers", [voted("carried", in_favour="65", against="4", threshold="66.67", unit="percent")]),
    ("outcome-against-the-numbers", [voted("carried", in_favour="62", against="122", about="issue/fish")]),
    ("outcome-against-the-numbers", [voted("defeated", in_favour="70", threshold="66.67", unit="percent")]),
    ("outcome-against-the-numbers", [voted("defeated", in_favour="122", against="62")]),
    ("outcome-against-the-numbers", [
        voted("carried", in_favour="14", against="0", by_party=[{"party": "north", "voted": "against"}]),
    ]),
    ("ends-before-it-begins", [
        drafted(), ("add-provision", {
            "agreement": "deal", "provision": "1", "title": "T", "kind": "text", "text": "-", "sunset": "2025-05-31",
        }),
    ]),
    ("after-the-end", [
        ("table-proposal", {"proposal": "half", "party": "north", "title": "H", "text": "-", "occurred": "2025-06-01"}),
        ("withdraw-proposal", {"proposal": "half", "occurred": "2025-06-02"}),
        ("answer-proposal", {"proposal": "half", "party": "south", "answer": "accepted", "occurred": "2025-06-03"}),
    ]),
    ("effect-before-publication", [quoted("-", effective="2025-05-01", published="2025-09-01")]),
    ("published-before-it-occurred", [quoted("-", "2025-06-02", published="2025-06-01")]),
    ("over-ceiling", [PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("100.01")})]),
    ("over-ceiling", [
        PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("60")}),
        ("select-tranche", {"tranche": "roads", "amount": usd("50")}),
    ]),
    ("over-ceiling", [
        ("contract-tranche", {"tranche": "ports", "amount": usd("5")}),
        ("record-draw", {"tranche": "ports", "amount": usd("3")}), ("record-draw", {"tranche": "ports", "amount": usd("2.01")}),
    ]),
    ("over-ceiling", [
        ("select-tranche", {"tranche": "mines", "amount": usd("16")}), ("record-draw", {"tranche": "mines", "amount": usd("25")}),
    ]),
    ("over-ceiling", [PLEDGE, ("record-draw", {"tranche": "mines", "amount": usd("100.01")})]),
    ("over-ceiling", [
        ("record-draw", {"tranche": "ports", "amount": usd("5")}),
        ("return-funds", {"tranche": "ports", "rung": "drawn", "amount": usd("5.01")}),
    ]),
    ("over-ceiling", [
        ("select-tranche", {"tranche": "roads", "amount": usd("5")}),
        ("select-tranche", {"tranche": "mines", "amount": usd("3"), "part_of": "roads"}),
        ("select-tranche", {"tranche": "ports", "amount": usd("2.01"), "part_of": "roads"}),
    ]),
]  # fmt: skip
REGULAR: list[tuple[str, list[Told]]] = [
    ("weekday", [quoted("see you Saturday, February 14")]),
    ("weekday", [quoted("on Friday the talks went on for 14 hours")]),
    ("weekday", [quoted("on the 14th we met")]),
    ("weekday", [quoted("2月14日の資金")]),
    ("weekday", [quoted("2月14日(土)の会見")]),
    ("weekday", [quoted("Friday the 13th")]),
    ("weekday", [dated("Saturday", "2026-02-14")]),
    ("two-exchange-rates", [
        report("550", "paper"), report("463", "paper", currency="EUR"),
        report("148", "paper", "tranche/mines/amount"), report("124.6", "paper", "tranche/mines/amount", currency="EUR"),
    ]),
    ("two-exchange-rates", [
        report("550", "paper"), report("463", "paper", currency="EUR"),
        report("148", "post", "tranche/mines/amount"), report("126", "post", "tranche/mines/amount", currency="EUR"),
    ]),
    ("two-exchange-rates", [
        report("40714000000", "paper", currency="XDR"), report("56300000000", "paper"),
        report("4100000000", "paper", "tranche/mines/amount", currency="XDR"),
        report("5700000000", "paper", "tranche/mines/amount", qualifier="about"),
    ]),
    ("two-exchange-rates", [
        report("550", "paper"), report("463", "paper", currency="EUR"),
        report("20", "paper", "tranche/mines/amount", qualifier="about"),
        report("16", "paper", "tranche/mines/amount", currency="EUR"),
    ]),
    ("two-exchange-rates", [
        report("550", "paper"), count(463, "paper"), report("148", "paper", "tranche/mines/amount"),
        count(126, "paper", "tranche/mines/amount"),
    ]),
    ("magnitude", [count(9_700_000, "paper"), count(97_000_000, "post", per="month")]),
    ("magnitude", [count(9_700_000, "paper"), count(97_000_000, "post", unit="tonnes")]),
    ("magnitude", [count(-500, "paper"), count(5000, "post")]),
    ("magnitude", [count(5, "paper"), count(50, "post")]),
    ("magnitude", [report("8000", "paper"), report("9000", "post")]),
    ("magnitude", [report("8000", "paper"), report("80000", "post", currency="JPY")]),
    ("magnitude", [report("8000", "paper"), report("80000", "post", "tranche/mines/amount")]),
    ("magnitude", [
        ("pledge-tranche", {"tranche": "ports", "amount": usd("100"), "evidence": [{"source": "paper"}]}),
        ("record-draw", {"tranche": "ports", "amount": usd("10"), "evidence": [{"source": "post"}]}),
    ]),
    ("effect-before-publication", [quoted("-", effective="2025-09-01", published="2025-05-01")]),
    ("effect-before-publication", [quoted("-", effective="2025-09", published="2025-09-05")]),
    ("published-before-it-occurred", [quoted("-", "2025-06-02", published="2025-06-02T00:30+09:00")]),
    ("published-before-it-occurred", [quoted("-", "2025-06-02", published="2025-06")]),
    ("over-ceiling", [PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("100")})]),
    ("over-ceiling", [PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("900", currency="JPY")})]),
    ("over-ceiling", [("select-tranche", {"tranche": "mines", "amount": usd("900")})]),
    ("over-ceiling", [
        ("contract-tranche", {"tranche": "ports", "amount": usd("5")}),
        ("record-draw", {"tranche": "ports", "amount": usd("5")}), ("record-draw", {"tranche": "mines", "amount": usd("9")}),
    ]),
    ("over-ceiling", [
        ("contract-tranche", {"tranche": "ports", "amount": usd("5", qualifier="at-least")}),
        ("record-draw", {"tranche": "ports", "amount": usd("6")}),
    ]),
    ("over-ceiling", [
        ("contract-tranche", {"tranche": "ports", "amount": usd("5")}),
        ("record-draw", {"tranche": "ports", "amount": usd("6")}),
        ("return-funds", {"tranche": "ports", "rung": "drawn", "amount": usd("1")}),
    ]),
    ("over-ceiling", [
        ("select-tranche", {"tranche": "roads", "amount": usd("5", qualifier="about")}),
        ("select-tranche", {"tranche": "mines", "amount": usd("5.01"), "part_of": "roads"}),
    ]),
    ("over-ceiling", [
        PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("100"), "part_of": "ports"}),
        ("pledge-tranche", {"tranche": "farms", "amount": usd("1"), "rung": "commitment"}),
    ]),
    ("step-missing", [("open-round", {"round": "1"}), ("close-round", {"round": "1", "outcome": "None."})]),
    ("step-missing", [PLEDGE, ("contract-tranche", {"tranche": "ports", "amount": usd("5")})]),
    ("step-missing", [
        ("pledge-tranche", {"tranche": "farms", "amount": usd("5"), "rung": "commitment"}),
        ("record-draw", {"tranche": "farms", "amount": usd("5")}),
    ]),
    ("step-missing", [  # a draw of which no more than the year is told
        PLEDGE, ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025"}),
        ("contract-tranche", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [
        ("open-round", {"round": "1", "occurred": "2025-06-03"}),
        ("extend-round", {"round": "1", "planned_end": "2025-07-01", "occurred": "2025-06"}),
    ]),
    ("step-missing", [  # a commitment of the whole, told late
        ("propose-tranche", {"tranche": "roads"}), ("propose-tranche", {"tranche": "mines", "part_of": "roads"}),
        ("propose-tranche", {"tranche": "farms", "occurred": "2025-06-02"}),
        ("record-draw", {"tranche": "farms", "amount": usd("5"), "occurred": "2025-06-03"}),
        ("propose-tranche", {"tranche": "farms", "part_of": "mines"}),
        ("pledge-tranche", {"tranche": "roads", "amount": usd("5"), "rung": "commitment"}),
    ]),
    ("step-missing", [
        PLEDGE, ("contract-tranche", {"tranche": "ports", "amount": usd("5")}),
        ("select-tranche", {"tranche": "farms", "part_of": "ports"}),
        ("record-draw", {"tranche": "farms", "amount": usd("5")}),
        ("complete-tranche", {"tranche": "ports", "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [
        ("draft-agreement", {"agreement": "levy", "title": "L", "form": "order", "parties": ["north"]}),
        ("bring-into-force", {"agreement": "levy", "parties": ["north"], "occurred": "2025-06-02"}),
    ]),
    ("step-missing", [
        ("draft-agreement", {"agreement": "cuts", "title": "C", "form": "statement", "parties": ["north", "south"]}),
        ("announce-agreement", {"agreement": "cuts"}),
        ("bring-into-force", {"agreement": "cuts", "parties": ["north"], "occurred": "2025-06-02"}),
        ("withdraw-from-agreement", {"agreement": "cuts", "parties": ["north"], "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [
        drafted(), ("conclude-agreement", {"agreement": "deal"}),
        ("terminate-agreement", {"agreement": "deal", "occurred": "2025-06-02"}),
    ]),
    ("step-missing", [
        ("draft-agreement", {"agreement": "levy", "title": "L", "form": "order", "parties": ["north"]}),
        ("terminate-agreement", {"agreement": "levy", "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports"}), ("propose-tranche", {"tranche": "ports", "occurred": "2025-06-02"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports"}), ("record-draw", {"tranche": "ports", "amount": usd("5")}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports"}),
        ("return-funds", {"tranche": "ports", "rung": "drawn", "amount": usd("5"), "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        drafted(), ("withdraw-from-agreement", {"agreement": "deal", "parties": ["north"]}),
        ("suspend-agreement", {"agreement": "deal", "parties": ["south"], "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports", "occurred": "2025-06"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports", "occurred": "2025-06-01T23:00-05:00"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-02T09:00+09:00"}),
    ]),
    ("after-the-end", [
        ("cancel-tranche", {"tranche": "ports", "effective": "2025-06-30"}),
        ("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-03"}),
    ]),
    ("after-the-end", [
        drafted(), ("withdraw-from-agreement", {"agreement": "deal", "parties": ["north"]}),
        ("sign-agreement", {"agreement": "deal", "parties": ["north"], "occurred": "2025-06-02"}),
    ]),
    ("after-the-end", [
        ("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2025-07-01"}),
        ("record-deadline-outcome", {"deadline": "reply", "outcome": "lapsed", "occurred": "2025-07-02"}),
        ("record-deadline-outcome", {"deadline": "reply", "outcome": "met-late", "occurred": "2025-07-03"}),
    ]),
    ("after-the-end", [
        drafted(), signed("north", "south"),
        ("withdraw-from-agreement", {"agreement": "deal", "parties": ["south"], "occurred": "2025-06-02"}),
        ("ratify-agreement", {"agreement": "deal", "parties": ["south"], "occurred": "2025-06-03"}),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-04"}),
    ]),
    ("step-missing", [
        *three(), ("add-party", {"party": "west", "name": "West", "kind": "state"}),
        ("ratify-agreement", {"agreement": "deal", "parties": ["west"], "means": "accession"}),
    ]),
    ("step-missing", [  # between two alone, one may be bound by its signature
        drafted(), signed("north", "south"), consented("ratify", "south", "2025-06-02"),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03"}),
    ]),
    ("step-missing", [
        *three(), ("bring-into-force", {
            "agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03",
        }), consented("ratify", "south", "2025-06-04"), consented("ratify", "east", "2025-06-04"),
    ]),
    ("answered-by-another", [tabled(), answered("south")]),
    ("answered-by-another", [tabled(to=["south"]), answered("south"), answered("south")]),
    ("before-it-began", [
        ("raise-issue", {"issue": "squid", "title": "Squid"}), ("settle-issue", {"issue": "squid", "terms": "-"}),
    ]),
    ("before-it-began", [
        ("raise-issue", {"issue": "squid", "title": "Squid"}),
        ("drop-issue", {"issue": "squid", "occurred": "2025-06-02"}),
        ("reopen-issue", {"issue": "squid", "occurred": "2025-06-03"}),
    ]),
    ("before-it-began", [drafted(), provided(), amended("2025-06-01")]),
    ("amendment-overtaken", [  # the steps of a schedule
        drafted(), provided(), amended("2025-06-02", "2025-07-01", "9"), amended("2025-06-02", "2025-08-01", "7"),
        amended("2025-06-10", "2025-09-01", "5"),
    ]),
    ("amendment-overtaken", [  # they say the same
        drafted(), provided(), amended("2025-06-02", "2025-09-01", "7"), amended("2025-06-10", "2025-08-01", "7.0"),
    ]),
    ("amendment-overtaken", [  # the later one tells no value
        drafted(), provided(), amended("2025-06-02", "2025-09-01", "7"), amended("2025-06-10", "2025-08-01"),
    ]),
    ("amendment-overtaken", [  # another has taken the place of both
        drafted(), provided(), amended("2025-06-02", "2025-09-01", "7"), amended("2025-06-10", "2025-08-01", "9"),
        amended("2025-06-20", "2025-09-01", "8"),
    ]),
    ("amendment-overtaken", [  # it had been in effect before it was made otherwise from an earlier day
        drafted(), provided(), amended("2025-06-02", "2025-06-09", "7"), amended("2025-06-10", "2025-06-05", "9"),
    ]),
    ("amendment-overtaken", [  # not before its day
        drafted(), provided(), amended("2025-06-02", "2999-09-01", "7"), amended("2025-06-10", "2025-08-01", "9"),
    ]),
    ("after-the-end", [drafted(until="2025-06"), extended("2025-06-30", "2025-12-31")]),
    ("after-the-end", [drafted(), extended("2025-07-02", "2025-12-31")]),
    ("after-the-end", [  # it had begun anew
        drafted(until="2025-06-30"),
        ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-07-01"}),
        extended("2025-07-02", "2025-12-31"),
    ]),
    ("ends-before-it-begins", [drafted(until="2025-12-31"), extended("2025-06-02", "2025-12")]),
    ("ends-before-it-begins", [drafted(until="2025-12-31"), extended("2025-06-02", None)]),
    ("ends-before-it-begins", [("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2025-06-01"})]),
    ("ends-before-it-begins", [("set-deadline", {"deadline": "reply", "title": "Reply", "due": "2025"})]),
    ("outcome-against-the-numbers", [voted("carried", in_favour="66.670", threshold="66.67", against="70")]),
    ("outcome-against-the-numbers", [
        voted("carried", against="0", abstained="2", by_party=[{"party": "north", "voted": "in-favour"}]),
    ]),
    ("outcome-against-the-numbers", [voted("carried", in_favour="49", against="49")]),
    ("outcome-against-the-numbers", [voted("defeated", in_favour="50", threshold="50", unit="percent")]),
    ("outcome-against-the-numbers", [voted("defeated", in_favour="60", against="40", threshold="66")]),
    ("outcome-against-the-numbers", [voted("blocked", in_favour="13", against="1", threshold="9")]),
    ("outcome-against-the-numbers", [voted("inquorate", in_favour="3", against="0")]),
    ("outcome-against-the-numbers", [voted("carried", against="9", threshold="5")]),
    ("outcome-against-the-numbers", [voted("carried", in_favour="0")]),
]  # fmt: skip


@pytest.fixture
def told(tell: Tell) -> Callable[[list[Told]], None]:
    for source in ("paper", "post"):
        tell("register-source", source=source, title="T", publisher="P", kind="article")
    tell("propose-tranche", tranche="ports", title="Ports")
    tell("propose-tranche", tranche="mines", title="Mines")

    def send(commands: list[Told]) -> None:
        for command, facts in commands:
            answer = tell(command, **{"occurred": "2025-06-01"} | facts)
            assert answer.status_code == 201, answer.text

    return send


@pytest.mark.parametrize(("rule", "commands"), IRREGULAR)
def test_what_is_irregular_is_stored_and_flagged(
    told: Callable[[list[Told]], None], read: Read, rule: str, commands: list[Told]
) -> None:
    told(commands)
    flag = read("/v1/flags", kind=rule, negotiation="talks")["items"][-1]
    assert (flag["rule"], flag["severity"]) == (rule, all_rules()[rule].severity)
    assert flag["says"]
    assert flag["source"]
    records = [basis["record"] for detail in flag["details"] for basis in detail["records"]]
    log = [item["envelope"]["id"] for item in read("/v1/records", limit=1000)["items"]]
    assert records
    assert set(records) <= set(log[-len(commands) :])
    for place in flag["details"][0]["touches"]:
        view, _, key = place.partition("/")
        if view == "contradictions":  # shown only where claims disagree
            continue
        shown = read(N if view == "negotiations" else f"{N}/ledger" if view == "ledger" else f"{N}/{view}/{key}")
        assert rule in [entry["rule"] for entry in shown["flags"]]


@pytest.mark.parametrize(("rule", "commands"), REGULAR)
def test_what_is_regular_is_not_flagged(
    told: Callable[[list[Told]], None], read: Read, rule: str, commands: list[Told]
) -> None:
    told(commands)
    assert read("/v1/flags", kind=rule)["items"] == []


def test_a_flag_on_selections_goes_when_they_are_resized(told: Callable[[list[Told]], None], read: Read) -> None:
    told([PLEDGE, ("select-tranche", {"tranche": "mines", "amount": usd("101"), "occurred": "2025-06-02"})])
    (flag,) = read("/v1/flags", kind="over-ceiling")["items"]
    assert "1.00 over" in flag["details"][0]["text"]
    smaller = {"tranche": "mines", "rung": "selected", "amount": usd("99"), "occurred": "2025-06-03"}
    told([("resize-tranche", smaller)])
    assert read("/v1/flags", kind="over-ceiling")["items"] == []
    assert len(read("/v1/flags", kind="over-ceiling", as_of="2025-06-02")["items"]) == 1


def test_a_document_says_of_a_flag_what_touches_it_alone(told: Callable[[list[Told]], None], read: Read) -> None:
    for tranche in ("ports", "mines"):
        told([("record-draw", {"tranche": tranche, "amount": usd("5")})])
    told([("record-draw", {"tranche": "ports", "amount": usd("5"), "occurred": "2025-06-02"})])
    (flag,) = read(f"{N}/tranches/ports")["flags"]
    assert flag["details"] == ["ports drawn, but not contracted before"]
    (flag,) = read(f"{N}/ledger")["flags"]
    assert len(flag["details"]) == 2


def test_every_rule_has_a_case_here_or_with_the_amendments() -> None:
    assert {rule for rule, _ in IRREGULAR} | {"no-longer-possible"} == set(all_rules())


def test_flags_are_told_of_a_party_s_own_step_alone(told: Callable[[list[Told]], None], read: Read) -> None:
    """One party's signature does not stand in for another's."""
    told(
        [
            drafted(),
            signed("north", occurred="2025-06-02"),
            ("ratify-agreement", {"agreement": "deal", "parties": ["north", "south"], "occurred": "2025-06-03"}),
        ]
    )
    (flag,) = read("/v1/flags", kind="step-missing")["items"]
    (detail,) = flag["details"]
    assert "south" in detail["text"]
    assert "north" not in detail["text"]
