"""Views as tables for a terminal."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Table

from application.voted import counts
from application.words import cell_of, money, rate, value

Item = dict[str, Any]
BAR_LENGTH = 24
LATER_MAX = 10
COLUMN_WIDTH = 23
"""How wide a column with its frame has to be, so that an amount stands in one line."""


class _Positions:
    """What each party wants, and its red lines: issues down, parties across, as long as columns are wide enough to
    read. Below, what else is claimed, a claim a row.
    """

    def __init__(self, items: list[Item]) -> None:
        self._wanted = [item for item in items if item["kind"] in {"position", "red-line"}]
        self._others = [item for item in items if item["kind"] not in {"position", "red-line"}]
        self._parties = sorted({item["party"] for item in self._wanted})

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width // (len(self._parties) + 1) < COLUMN_WIDTH:
            yield _claims(self._wanted + self._others)
            return
        if self._wanted or not self._others:
            yield self._matrix()
        if self._others:
            yield _claims(self._others)

    def _matrix(self) -> Table:
        table = _table("issue", *self._parties)
        cells = defaultdict[tuple[str, str], list[str]](list)
        for item in sorted(self._wanted, key=lambda item: str(item["kind"])):
            red = "red line: " if item["kind"] == "red-line" else ""
            cells[item["subject"], item["party"]].append(red + _stand(item))
        for subject in sorted({item["subject"] for item in self._wanted}):
            stands = ("\n".join(cells[subject, party]) for party in self._parties)
            table.add_row(subject.removeprefix("issue/"), *stands)
        return table


def _claims(items: list[Item]) -> Table:
    table = _table("subject", "kind", "by", "claim")
    for item in items:
        table.add_row(item["subject"], item["kind"], item["party"], _stand(item))
    return table


def _stand(item: Item) -> str:
    """What is claimed, and since when."""
    now = item["current"]
    if now is None:
        return escape(_claimed(item))
    last = now["basis"]["occurred"]
    said = last if last == item["since"] else f"since {item['since']}, again {last}"
    said += _or_later(item)
    return f"{escape(_claimed(item))}\n[dim]{escape(said)}[/dim]"


def _or_later(item: Item) -> str:
    return f", or {', '.join(item['unordered'])} came later" if item["unordered"] else ""


def _claimed(item: Item) -> str:
    """What is claimed now: nothing where that was withdrawn, or where a policy leaves it out."""
    if item["current"] is None and item["history"][-1]["status"] != "withdrawn":
        return "(set aside)"
    return value(item["current"] and item["current"]["value"])


def _ledger(items: list[Item]) -> Table:
    """The rungs, what is left, and the caps: each amount with a bar, by the largest of its currency."""
    ledger = items[0]
    entries = [*ledger["rungs"], *(ledger[more] for more in ("called", "candidates") if ledger[more]["known"])]
    largest: dict[str, int] = {}
    for told in (told for entry in entries for told in entry["sums"]):
        largest[told["currency"]] = max(largest.get(told["currency"], 1), told["minor"])
    table = _table("rung", "amount", "", "tranches")
    for entry in entries:
        sums = "\n".join(map(money, entry["sums"])) or ("no amount" if entry["known"] else "unknown")
        sums += "".join(f"\nof it new: {money(told)}" for told in entry["new_money"])
        sums += "".join(f"\nbeside it, returned: {money(told)}" for told in entry["returned"])
        sums += "".join(f"\n{when.replace('_', ' ')}: {money(told)}" for when in _IDLE for told in entry[when])
        bars = "\n".join(_bar(told["minor"], largest[told["currency"]]) for told in entry["sums"])
        named = [*entry["tranches"], *(f"{key} (no amount)" for key in entry["without_amount"])]
        table.add_row(entry["rung"], sums, bars, ", ".join(named))
    left = ledger["left"]
    bars = "\n".join(_bar(told["minor"], largest.get(told["currency"], 1)) for told in left)
    said = "\n".join(map(_left_of, left))
    table.add_row("left of the promise", "\n".join(map(money, left)) or "unknown", bars, said)
    for cap in ledger["caps"]:
        for year in cap["years"]:
            reached = f"{money(year['reached'])}\nof {money(cap['allowed'])}"
            bar = _bar(year["reached"]["minor"], cap["allowed"]["minor"])
            said = _headroom(year["headroom"], cap)
            table.add_row(f"{cap['on']} {year['year'] or 'in all'}", reached, bar, said)
    return table


def _on_rung(rung: str, sums: list[Item], returned: list[Item]) -> str:
    told = f"{rung}: {', '.join(map(money, sums)) or 'no amount'}"
    return told + (f" (returned: {', '.join(map(money, returned))})" if returned else "")


_IDLE = ("to_come", "past")


def _headroom(told: dict[str, Any] | None, cap: dict[str, Any]) -> str:
    if told is None:
        return f"not limited by {cap['provision']}: {cap['why']}"
    return f"{money(told).replace('-', '')} {'over' if told['minor'] < 0 else 'left'} of {cap['provision']}"


def _left_of(told: dict[str, Any]) -> str:
    others = ", ".join(told["not_compared"])
    rung = f"not yet {told['rung']}" if told["rung"] else "" if others else "all of it"
    others = f"not compared with what came in {others}" if others else ""
    within = f"within {told['within']}" if told["within"] else ""
    return ", ".join(filter(None, [f"of the {told['of']} {told['tranche'] or '(all)'}", within, rung, others]))


def _bar(part: int, whole: int) -> str:
    """A bar of as many of its cells as a part is of a whole, at least a sliver; an arrow where it is more."""
    if part <= 0 or whole <= 0:
        return ""
    cells = BAR_LENGTH * part / whole
    return ("█" * min(int(cells), BAR_LENGTH) + ("▶" if cells > BAR_LENGTH else "")) or "▏"


def _tariffs(items: list[Item]) -> Table:
    table = _table("goods", "levied by", "on goods of", "rate", "", "how", "does not count")
    percents = [Decimal(item["rate"] or item["at_least"] or 0) for item in items]
    for item, percent in zip(items, percents, strict=True):
        at_least = f"at least {rate(item['at_least'], item['specific'])}" if item["at_least"] else "unknown"
        goods = item["product"] or "all others"
        aside = "\n".join(
            f"{rate(one['percent'], one['specific'])} {one['basis']}: {one['why']}" for one in item["set_aside"]
        )
        cells = (
            f"{goods} ({item['quota']})" if item["quota"] else goods,
            item["levied_by"] or "",
            item["origin"] or "",
            rate(item["rate"], item["specific"]) if item["rate"] else at_least,
            _bar(int(percent * 100), int(max(percents) * 100)),
            item["says"],
            aside,
        )
        table.add_row(*map(escape, cells))
    return table


def _provision(told: Item) -> str:
    line = cell_of(", ".join(filter(None, [f"{told['key']}: {_says(told)}", told["day"]]))) + _bound(told)
    return line if told["applies"] else f"{line}\n  ({told['why']})"


def _says(told: Item) -> str:
    return value(told["value"]) if told["value"] else told["text"] or ""


def _bound(told: Item) -> str:
    return f" (binds {cell_of(', '.join(told['binds']))})" if told["binds"] else ""


def _provisions(agreement: Item) -> str:
    """What each says; below, what is to come of them."""
    later = [one for one in agreement["to_come"] if one["provision"]]
    return "\n".join([*map(_provision, agreement["provisions"]), *map(_provision_to_come, later)])


def _provision_to_come(told: Item) -> str:
    line = f"{told['provision']}: {told['step']} from {told['basis']['effective']}"
    return cell_of(f"{line}: {says}" if (says := _says(told)) else line) + _bound(told)


def binding(agreements: list[Item], party: str) -> list[Item]:
    """Agreements with those of their provisions alone that bind a party, or nobody in particular."""
    return [_binding(agreement, party) for agreement in agreements]


def _binding(agreement: Item, party: str) -> Item:
    bound = {one["key"]: one["binds"] for one in agreement["provisions"]}
    bound |= {one["provision"]: one["binds"] for one in agreement["to_come"] if one["binds"] is not None}

    def binds(told: Item) -> bool:
        whom = bound.get(told["provision"]) if told.get("binds") is None else told["binds"]
        return not whom or party in whom

    return agreement | {name: list(filter(binds, agreement[name])) for name in ("provisions", "to_come")}


def _apart(agreement: Item) -> list[str]:
    """The pairs between which something else was told than that it is in force."""
    told = [pair for pair in agreement["pairs"] if pair["between"] not in (None, "in-force")]
    return [f"{' and '.join(pair['parties'])}: {pair['between']}" for pair in told]


def _parties(agreement: Item) -> str:
    """How far it has come for each; below, where two stand otherwise, what is to come, and the votes on it."""
    told = [f"{one['party']}: {one['status']}" for one in agreement["parties"]]
    later = [
        f"{', '.join(one['parties']) or 'all'}: {one['step']} from {one['basis']['effective']}"
        for one in agreement["to_come"]
        if not one["provision"]
    ]
    votes = map(_vote, agreement["votes"])
    return "\n".join([*told, *_apart(agreement), *later, *votes])


def _reading(told: Item) -> str:
    left = {None: "", 0: " (today)"}.get(told["days_left"], f" ({told['days_left']} days)")
    return f"{told['claimant'] or 'as set'}: {told['day'] or 'not known'} {told['status']}{left}"


def _readings(deadline: Item) -> str:
    """When others say that it is due, and what else they say of it now."""
    others = [c for c in deadline["claims"] if c["status"] == "current" and c["value"]["type"] not in {"date", "rule"}]
    return "\n".join([*map(_reading, deadline["readings"][1:]), *map(_said_of, others)])


def _said_of(claim: Item) -> str:
    aspect = "/".join(claim["subject"].split("/")[2:])
    return f"{claim['claimant']}{aspect and f' on {aspect}'}: {value(claim['value'])}"


def _outcome(told: Item) -> str | None:
    """How a round ended; of a proposal to whom it is, each last answer, and whose is awaited."""
    if told["kind"] != "proposal":
        return told["outcome"] or None
    to = told["proposal"]["to"] if told["proposal"] else []
    last = {answer["party"]: answer for answer in told["answers"]}
    said = [f"{party}: {_answer(answer)}" for party, answer in last.items()]
    awaited = [f"{party}: awaited" for party in told["awaited"]]
    return "\n".join([*([f"to {', '.join(to)}"] if to else []), *said, *awaited])


def _answer(told: Item) -> str:
    return f"{told['answer']} with {told['counter']}" if told["counter"] else str(told["answer"])


def _vote(told: Item) -> str:
    """What was voted on, and when: a motion against a text that is defeated is no vote against the text."""
    came_of_it = ", ".join(filter(None, [told["outcome"], told["cast"]]))
    return f"{told['basis']['occurred']} {': '.join(filter(None, [told['body'], told['title'], came_of_it]))}"


def _standing(agreement: Item) -> str:
    by = ", ".join(agreement["superseded_by"])
    return f"{agreement['status']}; {by} is told to take its place" if by else str(agreement["status"])


def _settled(told: Item) -> str:
    by = [s["by"] + (f" for {', '.join(s['parties'])}" if s["parties"] else "") for s in told["settled_by"]]
    return "\n".join(by if told["status"] == "settled" else [*by, told["status"]])


def _side(told: Item) -> str:
    """Who says what: on one side everybody has their own words and rounding."""
    red = " (red line)" if told["kind"] == "red-line" else ""
    says: dict[str, list[str]] = {}
    for claim in told["claims"]:
        says.setdefault(value(claim["value"]), []).append(claim["claimant"])
    return "; ".join(f"{', '.join(sorted(set(who)))}{red}: {what}" for what, who in says.items())


def _rows(*columns: tuple[str, Callable[[Item], object]]) -> Callable[[list[Item]], Table]:
    def rows(items: list[Item]) -> Table:
        table = _table(*(name for name, _ in columns))
        for item in items:
            table.add_row(*(escape(str(cell(item) or "")) for _, cell in columns))
        return table

    return rows


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "record")
    return table


def _otherwise(told: str | None, than: str) -> str | None:
    return told if told != than else None


def _days(told: list[str | None]) -> str:
    return " to ".join(dict.fromkeys(filter(None, told)))


def _about(flag: Item) -> str:
    """What a rule watches: a thing with its key, or all; of one that judges a record by itself, what that touches."""
    watched = flag["key"].partition("/")[2]
    touched = [place for detail in flag["details"] for place in detail["touches"] if not place.startswith("timeline/")]
    return watched if "/" in watched else ", ".join(dict.fromkeys(touched))


_SAID = {"proposal", "statement", "incident"}
"""What is said or happens on a day, and is not held."""
_TABLES: dict[str, Callable[[list[Item]], RenderableType]] = {
    "positions": _Positions,
    "ledger": _ledger,
    "tariffs": _tariffs,
    "timeline": _rows(
        ("occurred", lambda i: i["basis"]["occurred"]),
        ("published", lambda i: i["basis"]["published"]),
        ("what", lambda i: i["title"]),
        ("evidence", lambda i: _cited(i["basis"])),
    ),
    "negotiations": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["status"]),
        ("opened", lambda i: i["opened"]),
        ("parties", lambda i: ", ".join(p["key"] for p in i["parties"] if p["role"] == "party")),
        ("issues", lambda i: ", ".join(x["key"] for x in i["issues"])),
    ),
    "rounds": _rows(
        ("what", lambda i: "\n".join(filter(None, [i["key"], i["title"]]))),
        ("status", lambda i: i["status"]),
        ("planned", lambda i: _days(i["planned"][-1]) if i["planned"] else None),
        ("held", lambda i: _days(i["held"]) or (i["first_occurred"] if i["kind"] in _SAID else None)),
        ("place", lambda i: i["place"]),
        ("sessions", lambda i: len(i["sessions"])),
        ("outcome", _outcome),
    ),
    "votes": _rows(
        ("name", lambda i: i["key"]),
        ("body", lambda i: i["body"]),
        ("title", lambda i: i["title"]),
        ("outcome", lambda i: i["outcome"]),
        ("cast", lambda i: counts(i["in_favour"], i["against"], i["abstained"], i["unit"])),
        ("needed", lambda i: i["threshold"]),
        ("by party", lambda i: "\n".join(f"{one['party']}: {one['voted']}" for one in i["by_party"])),
        ("on", lambda i: i["about"]),
        ("occurred", lambda i: i["basis"] and i["basis"]["occurred"]),
    ),
    "agreements": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", _standing),
        ("parties", _parties),
        ("provisions", _provisions),
    ),
    "tranches": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["status"]),
        (
            "rungs",
            lambda i: "\n".join(_on_rung(rung, sums, i["returned"].get(rung, ())) for rung, sums in i["rungs"].items()),
        ),
        ("part of", lambda i: i["part_of"]),
    ),
    "deadlines": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["status"]),
        ("due", lambda i: i["day"] or "not known"),
        ("days left", lambda i: "" if i["days_left"] is None else str(i["days_left"])),
        ("how", lambda i: i["says"]),
        ("readings", _readings),
        ("revised", lambda i: len(i["revisions"]) - 1),
    ),
    "contradictions": _rows(
        ("name", lambda i: i["key"]),
        ("nature", lambda i: i["nature"]),
        ("since", lambda i: i["since"]),
        ("sides", lambda i: "\n".join(map(_side, i["sides"]))),
        ("settled by", _settled),
    ),
    "flags": _rows(
        ("rule", lambda i: i["rule"]),
        ("about", _about),
        ("severity", lambda i: i["severity"]),
        ("what", lambda i: "\n".join(detail["text"] for detail in i["details"])),
        ("records", lambda i: "\n".join(_basis(basis) for detail in i["details"] for basis in detail["records"])),
    ),
    "sources": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("publisher", lambda i: i["publisher"]),
        ("published", lambda i: i["published"]),
        ("copy of", lambda i: i["copy_of"]),
    ),
}
history = _rows(
    ("position", lambda i: i["position"]),
    ("version", lambda i: i["envelope"]["version"]),
    ("record", lambda i: i["envelope"]["id"]),
    ("type", lambda i: i["type"]),
    ("occurred", lambda i: i["envelope"]["occurred"]),
    ("counts from", lambda i: _otherwise(i["envelope"].get("effective"), i["envelope"]["occurred"])),
    ("recorded", lambda i: i["envelope"]["recorded"]),
    ("facts", lambda i: cell_of({k: v for k, v in i.items() if k not in ("position", "type", "envelope")})),
    ("reason", lambda i: i["envelope"].get("reason")),
)
"""The records of one stream, as a table."""


def difference(answer: Item) -> Table:
    """What changed between two moments, a field a row."""
    table = _table("document", "field", f"at {answer['from']}", f"at {answer['to']}", "by")
    shifts = {
        f"{one['subject']}:{one['party']}:{one['kind']}": one | {"field": says + _or_later(one)}
        for told, says in (("moved", "stands at"), ("corrected", "did not move: put right to"))
        for one in answer[told]
    }
    for item in answer["items"]:
        by = (
            "\n".join(dict.fromkeys(map(_basis, [*item["records"], *item["gone"]]))) or "the day, or a record elsewhere"
        )
        shift = shifts.get(item["key"]) if item["view"] == "positions" else None
        fields = [shift] if shift else item["fields"]
        for number, field in enumerate(fields or [{"field": item["change"], "before": None, "after": None}]):
            cells = (
                (cell_of(field["before"]), cell_of(field["after"])) if field["before"] or field["after"] else ("", "")
            )
            named = (f"{item['view']}/{item['key']}", by) if number == 0 else ("", "")
            table.add_row(*map(escape, (named[0], field["field"], *cells, named[1])))
    return table


def grounds(answer: Item) -> Table:
    """How a field came to be what it is, a record a row."""
    table = _table("from", "published", "before", "after", "record", "sources", "corrected by")

    def add(basis: Item, before: str, after: str) -> None:
        times = (basis["effective"] or basis["occurred"], basis["published"] or "")
        fixed = "\n".join(basis["corrections"])
        table.add_row(*map(escape, (*times, before, after, basis["record"], _cited(basis), fixed)))

    for step in answer["steps"]:
        add(step["basis"], cell_of(step["before"]), cell_of(step["after"]))
    for basis in answer["elsewhere"]:
        add(basis, "", "worked out from it")
    return table


def reliance(answer: Item) -> RenderableType:
    """What rests on a source, a record a row; below, which of it and its copies is retracted, and why."""
    table = _table("occurred", "what", "record", "cites", "counts in")
    for told in answer["records"]:
        basis = told["basis"]
        cells = (basis["occurred"], told["type"], basis["record"], _cited(basis), "\n".join(told["documents"]))
        table.add_row(*map(escape, cells))
    retracted = [
        escape(f"{one['source']} is retracted: {one['basis']['reason']} ({_basis(one['basis'])})")
        for one in answer["retracted"]
    ]
    return Group(table, *retracted)


def _basis(basis: Item) -> str:
    return f"{basis['occurred']} {_cited(basis) or basis['record']}"


def _cited(basis: Item) -> str:
    return ", ".join(evidence["source"] for evidence in basis["evidence"])


def _plain(items: list[Item]) -> Table:
    fields = [name for name in (items[0] if items else {"key": ""}) if name not in {"negotiation", "flags", "times"}]
    return _rows(*((name, lambda item, name=name: cell_of(item[name])) for name in fields))(items)


def table(view: str, items: list[Item]) -> RenderableType:
    """The documents of a view as a table: where none is made for it, each as its fields have it."""
    return _TABLES.get(view, _plain)(items)


def may_be_later(items: list[Item]) -> list[str]:
    """A line on the records that may have come later than was asked, as they are dated vaguely; none without any."""
    later = sorted({record for item in items for record in item["times"]["may_be_later"]})
    dated = {basis["record"]: f" ({basis['occurred']} {_cited(basis)}".rstrip() + ")" for basis in _bases(items)}
    told = [f"{record}{dated.get(record, '')}" for record in later]
    more = [f"and {len(told) - LATER_MAX} more"] if len(told) > LATER_MAX else []
    said = ", ".join([*told[:LATER_MAX], *more])
    records = "1 record" if len(later) == 1 else f"{len(later)} records"
    return [escape(f"{records} may have come later than was asked, dated too vaguely: {said}")] if later else []


def _bases(told: Any) -> Iterator[Item]:
    """What is told of records in a document, wherever it stands there."""
    match told:
        case {"record": _, "evidence": _}:
            yield told
        case dict():
            yield from _bases(list(told.values()))
        case list():
            for part in told:
                yield from _bases(part)
