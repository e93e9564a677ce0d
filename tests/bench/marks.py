"""What every contender reached, side by side, and the marks that Parley is held to."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any, NamedTuple

import workloads
from contenders import Ceiling, Contender, Parley, Stock
from processes import Failed
from rich.table import Table
from stores import Stores, stores
from workloads import Figures

CONTENDERS: dict[str, Callable[[Stores], Contender]] = {
    "eventsourcing on SQLite": lambda stores: Stock(stores.new("sqlite")),
    "eventsourcing on PostgreSQL": lambda stores: Stock(stores.new("postgresql")),
    "ceiling: nothing": lambda stores: Ceiling("nothing", ""),
    "ceiling: one INSERT": lambda stores: Ceiling("insert", stores.new("postgresql")),
    "Parley on SQLite": lambda stores: Parley(stores.new("sqlite")),
    "Parley on PostgreSQL": lambda stores: Parley(stores.new("postgresql")),
    "ceiling: prepared 2 KB": lambda stores: Ceiling("prepared", ""),
}
ONLY = os.environ.get("BENCH_ONLY", "").split(",")
"""Parts of the names of those that are measured; all, where none is given."""
WORK = os.environ.get("BENCH_WORK", "reads,past,records,alone,rebuild").split(",")
ASKED = "/positions"
"""What W3 shows: where everybody stands."""


class Mark(NamedTuple):
    what: str
    figure: str
    bound: float
    at_least: bool = False
    ceiling: str = ""
    """By what a figure is divided, of which contender, so that a mark holds on any machine."""

    def told(self, found: dict[str, Figures], name: str) -> str:
        value = middle(found.get(name, {}), self.figure)
        if value is not None and self.ceiling:
            top = middle(found.get(self.ceiling, {}), self.figure)
            value = top and value / top
        if value is None:
            return "not measured"
        reached = value >= self.bound if self.at_least else value <= self.bound
        return f"{number(value)}, {'reached' if reached else 'NOT reached'}"


MARKS = (
    Mark("records/s, at least 3,500", "record rate", 3500, at_least=True),
    Mark("records/s to those of one bare INSERT, at least 1", "record rate", 1, True, "ceiling: one INSERT"),
    Mark("record, p99 under 40 ms", "record p99", 40),
    Mark("acknowledged and not in the log, or the other way round: 0", "record astray", 0),
    Mark("reads/s, at least 8,000", "read rate", 8000, at_least=True),
    Mark("reads/s to those of prepared bytes, at least 0.66", "read rate", 0.66, True, "ceiling: prepared 2 KB"),
    Mark("read, p99 under 10 ms", "read p99", 10),
    Mark("as of the middle of 5,000 records, under 5 ms", f"past {ASKED}", 5),
    Mark("rebuild, at least 40,000 records/s", "rebuild rate", 40_000, at_least=True),
    Mark("rebuild, peak under 300 MiB", "rebuild mib", 300),
    Mark("seen in its view, p99 within 50 ms", "seen p99", 50),
    Mark("one client over HTTP, to a direct commit, at most 1.2", "alone ratio", 1.2),
    Mark("the same, to one bare INSERT over HTTP", "alone", 1.2, ceiling="ceiling: one INSERT"),
    Mark("the same, without HTTP to a direct commit", "committed ratio", 1.2),
)
COLUMNS: dict[str, tuple[str, ...]] = {
    "records/s": ("record rate",),
    "p50, p99 ms": ("record p50", "record p99"),
    "reads/s": ("read rate",),
    "p50, p99 ms ": ("read p50", "read p99"),
    "refused": ("record refused", "read refused"),
    "as of, ms": (f"past {ASKED}",),
    "rebuild/s": ("rebuild rate",),
    "MiB": ("rebuild mib",),
    "seen p50, p99 ms": ("seen p50", "seen p99"),
    "1 client, in process, direct ms": ("alone", "committed", "direct"),
    "serving MiB": ("serving mib",),
}


def measured() -> dict[str, Figures]:
    """The figures of all contenders, told as they come; one that fails leaves the others theirs."""
    found: dict[str, Figures] = {}
    with stores() as new:
        for name, make in CONTENDERS.items():
            if not any(part in name for part in ONLY):
                continue
            found[name] = {}
            try:
                for figures in _work(lambda make=make: make(new)):
                    found[name] |= figures
                    _tell(name, figures)
            except (Failed, OSError) as error:
                print(f"{name} failed: {error}", file=sys.stderr, flush=True)
    return found


def _tell(name: str, figures: Figures) -> None:
    for figure, runs in figures.items():
        print(f"{name}: {figure}: {', '.join(map(number, runs))}", file=sys.stderr, flush=True)


def _work(make: Callable[[], Contender]) -> Iterator[Figures]:
    contender = make()
    serving = {
        "reads": contender.reads and workloads.reads,
        "past": contender.past and workloads.past,
        "records": contender.writes and workloads.records,
        "alone": contender.writes and workloads.alone,
    }
    with ExitStack() as started:
        chosen = [work for part, work in serving.items() if part in WORK and work]
        if chosen:
            workloads.fill(contender)
            doors = started.enter_context(contender.serve())
            contender.settle(doors)
        for work in chosen:
            yield work(contender, doors)
        if chosen:
            yield {"serving mib": [sum(doors.peak_mib())]}
    if contender.folds and "rebuild" in WORK:
        yield workloads.rebuild(make)


def middle(figures: Figures, name: str) -> float | None:
    """The median of all runs."""
    return median(figures[name]) if figures.get(name) else None


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def tables(found: dict[str, Figures]) -> Iterator[Any]:
    side_by_side = Table("medians", *COLUMNS, title=f"{workloads.RUNS} runs, 32 connections")
    for name, figures in found.items():
        values = [[middle(figures, figure) for figure in column] for column in COLUMNS.values()]
        side_by_side.add_row(name, *(", ".join(number(v) for v in cell if v is not None) for cell in values))
    yield side_by_side
    marks = Table("mark", "Parley on SQLite", "Parley on PostgreSQL")
    for mark in MARKS:
        marks.add_row(mark.what, *(mark.told(found, column.header) for column in marks.columns[1:]))
    yield marks
