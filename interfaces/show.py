"""Views as tables for a terminal."""

from collections.abc import Callable
from typing import Any

from rich.markup import escape
from rich.table import Table

Item = dict[str, Any]
CELL_LENGTH = 200


def value(told: Item | None) -> str:
    """A typed value in words."""
    if told is None:
        return "(withdrawn)"
    match told["type"]:
        case "money":
            return money(told["money"])
        case "share":
            return f"{told['percent']} %" + (f" to {told['to']}" if told.get("to") else "")
        case "rate":
            return f"{told['percent']} %" + (f" ({told['basis']})" if told.get("basis") else "")
        case "count":
            return _qualified(f"{told['number']:,} {told['unit']}", told)
        case "yes-no":
            return "yes" if told["answer"] else "no"
        case kind:
            return str(told[kind])


def money(told: Item | None) -> str:
    """Money with its currency and qualifier."""
    if told is None:
        return ""
    whole, _, cents = told["amount"].partition(".")
    amount = f"{int(whole):,}" + (f".{cents}" if cents.strip("0") else "")
    return _qualified(f"{told['currency']} {amount}", told)


def _qualified(text: str, told: Item) -> str:
    qualifier = told.get("qualifier") or ", ".join(told.get("qualifiers", ()))
    before = "" if qualifier in ("", "exactly") else qualifier.replace("-", " ") + " "
    return before + text + (" a year" if told.get("per") else "")


def _positions(items: list[Item]) -> Table:
    """Issues down, parties across."""
    parties = sorted({item["party"] for item in items})
    table = _table("issue", *parties)
    for subject in sorted({item["subject"] for item in items}):
        row = {item["party"]: item for item in items if item["subject"] == subject}
        table.add_row(subject.removeprefix("issue/"), *(_stand(row.get(party)) for party in parties))
    return table


def _stand(item: Item | None) -> str:
    if item is None:
        return ""
    now = item["current"]
    when = f"\n[dim]{now['basis']['occurred']}[/dim]" if now else ""
    return escape(value(now and now["value"])) + when


def _ledger(items: list[Item]) -> Table:
    table = _table("rung", "amount", "tranches")
    candidates = items[0]["candidates"]
    for entry in [*items[0]["rungs"], *([candidates] if candidates["known"] else [])]:
        sums = "\n".join(map(money, entry["sums"])) or ("no amount" if entry["known"] else "unknown")
        table.add_row(entry["rung"], sums, ", ".join(entry["tranches"]))
    table.add_row("left of the promise", "\n".join(map(money, items[0]["left"])) or "unknown", "")
    return table


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


_TABLES: dict[str, Callable[[list[Item]], Table]] = {
    "positions": _positions,
    "ledger": _ledger,
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
        ("what", lambda i: i["key"]),
        ("status", lambda i: i["status"]),
        ("held", lambda i: " to ".join(dict.fromkeys(filter(None, i["held"]))) or i["first_occurred"]),
        ("place", lambda i: i["place"]),
        ("sessions", lambda i: len(i["sessions"])),
        ("outcome", lambda i: i["outcome"]),
    ),
    "agreements": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["status"]),
        ("parties", lambda i: "\n".join(f"{p['party']}: {p['status']}" for p in i["parties"])),
        ("provisions", lambda i: ", ".join(p["key"] for p in i["provisions"])),
    ),
    "tranches": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["status"]),
        ("rungs", lambda i: "\n".join(f"{r}: {', '.join(map(money, s))}" for r, s in i["rungs"].items())),
        ("part of", lambda i: i["part_of"]),
    ),
    "deadlines": _rows(
        ("name", lambda i: i["key"]),
        ("title", lambda i: i["title"]),
        ("status", lambda i: i["outcome"] or i["status"]),
        (
            "due",
            lambda i: (
                i["due"] or (i["rule"] and f"{i['rule']['count']} {i['rule']['unit']} after {i['rule']['after']}")
            ),
        ),
        ("revisions", lambda i: len(i["revisions"]) - 1),
    ),
    "contradictions": _rows(
        ("subject", lambda i: i["subject"]),
        ("nature", lambda i: i["nature"]),
        ("since", lambda i: i["since"]),
        ("sides", lambda i: "\n".join(f"{', '.join(s['claimants'])}: {value(s['value'])}" for s in i["sides"])),
        ("settled by", lambda i: "\n".join(s["by"] for s in i["settled_by"]) if i["status"] == "settled" else "open"),
    ),
    "flags": _rows(
        ("rule", lambda i: i["rule"]),
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
    ("recorded", lambda i: i["envelope"]["recorded"]),
    ("facts", lambda i: _any({k: v for k, v in i.items() if k not in ("position", "type", "envelope")})),
    ("reason", lambda i: i["envelope"].get("reason")),
)
"""The records of one stream, as a table."""


def difference(answer: Item) -> Table:
    """What changed between two moments, a field a row."""
    table = _table("document", "field", f"at {answer['from']}", f"at {answer['to']}", "by")
    moved = {f"{move['subject']}:{move['party']}:{move['kind']}": move for move in answer["moved"]}
    for item in answer["items"]:
        by = "\n".join(map(_basis, [*item["records"], *item["gone"]]))
        move = moved.get(item["key"]) if item["view"] == "positions" else None
        fields = [{"field": "stands at", **move}] if move else item["fields"]
        for number, field in enumerate(fields or [{"field": item["change"], "before": None, "after": None}]):
            cells = (_any(field["before"]), _any(field["after"])) if field["before"] or field["after"] else ("", "")
            named = (f"{item['view']}/{item['key']}", by) if number == 0 else ("", "")
            table.add_row(*map(escape, (named[0], field["field"], *cells, named[1])))
    return table


def grounds(answer: Item) -> Table:
    """How a field came to be what it is, a record a row."""
    table = _table("from", "published", "before", "after", "record", "sources", "corrected by")
    for step in answer["steps"]:
        basis = step["basis"]
        times = (basis["effective"] or basis["occurred"], basis["published"] or "")
        fixed = "\n".join(basis["corrections"])
        table.add_row(
            *map(escape, (*times, _any(step["before"]), _any(step["after"]), basis["record"], _cited(basis), fixed))
        )
    return table


def _basis(basis: Item) -> str:
    return f"{basis['occurred']} {_cited(basis) or basis['record']}"


def _cited(basis: Item) -> str:
    return ", ".join(evidence["source"] for evidence in basis["evidence"])


def _any(told: Any) -> str:
    """A field of any kind in a cell: values and money in words, other facts without what they rest on, all cut."""
    text = _in_words(told)
    return text if len(text) <= CELL_LENGTH else text[: CELL_LENGTH - 1] + "…"


def _in_words(told: Any) -> str:
    match told:
        case {"type": _}:
            return value(told)
        case {"currency": _, "amount": _}:
            return money(told)
        case dict():
            parts = {name: _in_words(part) for name, part in told.items() if not name.endswith("basis")}
            return ", ".join(f"{name}: {part}" for name, part in parts.items() if part)
        case list():
            return "; ".join(filter(None, map(_in_words, told)))
    return "" if told is None else str(told)


def table(view: str, items: list[Item]) -> Table:
    """The documents of a view as a table."""
    return _TABLES[view](items)
