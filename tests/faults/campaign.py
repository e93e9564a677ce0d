"""One campaign: so many kills on one store under load, and what was found afterwards."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

from tests.faults.checks import Found, check_views, checked_log
from tests.faults.kinds import Fault, faults_on
from tests.faults.site import Site, Stuck, at_work
from tests.faults.stores import PostgresStore, SqliteStore, Store

STORES: dict[str, Callable[[Path], Store]] = {"sqlite": SqliteStore, "postgresql": PostgresStore}
PAUSE_SECONDS = 0.6
"""How long everything runs well between two faults, at most."""


@dataclass
class Report:
    """What happened and what was found. `folder` is kept where anything was."""

    store: str
    seed: int
    struck: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    acknowledged: int = 0
    unsure: int = 0
    longest_takeover: float = 0
    seconds: float = 0
    found: Found = field(default_factory=Found)
    left_out: list[str] = field(default_factory=list)
    folder: Path | None = None


def campaign(
    kind: str,
    kills: int,
    seed: int,
    faults: Callable[[Site], list[Fault]] = faults_on,
    struck: Callable[[Fault], None] = lambda _: None,
    *,
    early: bool = False,
) -> Report:
    """Strike until so many processes were killed. `early` is the build that answers before the commit."""
    folder, start = Path(tempfile.mkdtemp(prefix="parley-faults-")), time.monotonic()
    store = STORES[kind](folder)
    report = Report(store.name, seed, left_out=store.left_out)
    try:
        site = Site(store, folder, seed, early)
        _strike(site, _due(site, faults(site), kills), report, struck)
        _check(site, report)
    finally:
        store.close()
    report.seconds = time.monotonic() - start
    if report.found.all:
        report.folder = folder
    else:
        rmtree(folder)
    return report


def _strike(site: Site, due: Iterator[Fault], report: Report, struck: Callable[[Fault], None]) -> None:
    last = "the start"
    try:
        with at_work(site):
            for fault in due:
                time.sleep(site.chance.uniform(0, PAUSE_SECONDS))
                last = fault.name
                fault.strike(site)
                site.see_it_go_on()
                report.struck[fault.name] += 1
                report.kills += fault.kills
                struck(fault)
            site.settle()
    except Stuck as stuck:
        site.wrong.append(f"After this: {last}. {stuck}")


def _due(site: Site, faults: list[Fault], kills: int) -> Iterator[Fault]:
    """Each kind once, in any order, then any, until so many are kills."""
    first = site.chance.sample(faults, len(faults))
    while kills:
        fault = first.pop() if first else site.chance.choices(faults, [fault.weight for fault in faults])[0]
        kills -= fault.kills
        yield fault


def _check(site: Site, report: Report) -> None:
    load, database = site.load, site.store.database()
    report.acknowledged = len({one.answer["id"] for one in load.acknowledged})
    report.unsure = load.unsure
    report.longest_takeover = max(site.took_over, default=0)
    report.found = checked_log(database, load.acknowledged)
    report.found.wrong += [*load.wrong, *site.wrong]
    if site.projectors:
        check_views(database, report.found)
    report.found.wrong += site.store.damage()
