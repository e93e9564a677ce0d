"""`make faults`: kills under load on both stores, and what was found afterwards.

    KILLS=20 make faults          fewer kills on each store; 200 by default
    SEED=7 make faults            the same course of faults again, as far as time allows
    STORES=sqlite make faults     one store alone: sqlite or postgresql

All traffic goes to 127.0.0.1, and all files lie in a temporary folder, which is kept where something was found.
"""

import os
import random
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.faults.campaign import STORES, Report, campaign
from tests.faults.kinds import Fault

SHOWN_MAX = 20
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def main() -> int:
    kills, seed = int(os.environ.get("KILLS", "200")), int(os.environ.get("SEED", random.randrange(10**6)))
    err.print(f"seed {seed}")
    reports = [watched(store, kills, seed) for store in os.environ.get("STORES", " ".join(STORES)).split()]
    Console(width=None if sys.stdout.isatty() else 120).print(table(reports))
    for report in reports:
        for sentence in report.left_out:
            err.print(f"LEFT OUT on {report.store}: {sentence}", style="bold yellow")
        for sentence in report.found.all[:SHOWN_MAX]:
            err.print(f"{report.store}: {sentence}", style="red")
        if report.folder:
            err.print(f"{report.store}: {len(report.found.all)} findings in all; everything is in {report.folder}")
    return 1 if any(report.found.all for report in reports) else 0


def watched(store: str, kills: int, seed: int) -> Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("kills"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(store, total=kills)

        def struck(fault: Fault) -> None:
            progress.update(task, advance=int(fault.kills), description=f"{store}: {fault.name}")

        return campaign(store, kills, seed, struck=struck)


def table(reports: list[Report]) -> Any:
    found = Table("", *(report.store for report in reports), title="make faults")
    names = sorted({name for report in reports for name in report.struck})
    lines: dict[str, list[Any]] = {name: [report.struck[name] or "-" for report in reports] for name in names}
    for name, told in lines.items():
        found.add_row(name, *map(str, told))
    found.add_section()
    for name, figures in (
        ("kills", [report.kills for report in reports]),
        ("records acknowledged", [f"{report.acknowledged:,}" for report in reports]),
        ("requests put off or not answered, and sent again", [f"{report.unsure:,}" for report in reports]),
        ("records in the log", [f"{report.found.records:,}" for report in reports]),
        ("lost", [len(report.found.lost) for report in reports]),
        ("doubled", [len(report.found.doubled) for report in reports]),
        ("skipped by a view", [len(report.found.skipped) for report in reports]),
        ("anything else found wrong", [len(report.found.wrong) for report in reports]),
        ("longest takeover by a standby", [f"{report.longest_takeover:.1f} s" for report in reports]),
        ("took", [f"{report.seconds:.0f} s" for report in reports]),
    ):
        found.add_row(name, *map(str, figures))
    return found


if __name__ == "__main__":
    sys.exit(main())
