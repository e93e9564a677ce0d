"""How fast Parley is on this machine, and how much memory it needs.

    make bench                            everything, side by side with what a user would build in its place
    python tests/bench/bench.py marks     one part alone: marks, growth, replays, ledger
                                          or proofs

BENCH_RUNS=3, BENCH_SECONDS=8 and BENCH_RECORDS=100000 shorten it; BENCH_ONLY=Parley,INSERT picks whom to measure, and
BENCH_WORK=reads,past,records,alone,rebuild what. BENCH_GROWTH=1 goes from 10,000 to 1,000,000 records.

All traffic goes to 127.0.0.1, and all files lie in a temporary folder. The clients are one process beside the server.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import marks
from contenders import Parley
from growth import growth
from processes import HERE, python
from proofs import proofs
from rich.console import Console
from rich.table import Table

LENGTHS = 1_000, 10_000, 100_000
WIDTH = 170
Row = tuple[str, str]


def side_by_side() -> Iterator[Any]:
    """Parley, the peers and the ceilings."""
    yield from marks.tables(marks.measured())


def as_rows(rows: Callable[[], Iterator[Row]]) -> Callable[[], Iterator[Any]]:
    """A part that tells rows, as a table."""

    def told() -> Iterator[Any]:
        table = Table("measured", "found")
        for row in rows():
            table.add_row(*row)
            print(*row, sep=": ", file=sys.stderr, flush=True)
        yield table

    return told


def other_times() -> Iterator[Row]:
    """One negotiation of some records, read as it is stored and as of other times."""
    for records in LENGTHS:
        with TemporaryDirectory() as folder:
            parley = Parley(f"sqlite:///{folder}/parley.db")
            parley.fill("talks", records, records)
            parley.rebuild()
            with parley.serve() as doors:
                asking = python(str(HERE / "replays.py"), str(doors.reading), str(doors.processes[0]))
        found = json.loads(asking)
        yield f"{records:,} records in a negotiation", f"{found.pop('mib'):.0f} MiB resident after all this"
        for view, times in found.items():
            told = "stored {:.1f} ms, as of a date {:.1f} ms, after the last record {:.1f} ms; the first time {:.0f} ms"
            yield f"    {view}", told.format(*times)


def ladder() -> Iterator[Row]:
    """The fold of a ledger by itself, in one process."""
    for tranches in (100, 10_000, 30_000):
        told = python(str(HERE / "ladder.py"), str(tranches), "100000", "1000").split()
        at_once, batches = (f"{float(rate):,.0f}" for rate in told)
        yield f"ledger of 100,000 steps of {tranches:,} tranches", f"{at_once} records/s at once, {batches} by 1,000"


PARTS = {
    "marks": side_by_side,
    "growth": as_rows(growth),
    "replays": as_rows(other_times),
    "ledger": as_rows(ladder),
    "proofs": as_rows(proofs),
}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that what was started is stopped
    print(f"Parley, {os.cpu_count()} CPUs, Python {sys.version.split()[0]}")
    for name in sys.argv[1:] or PARTS:
        for table in PARTS[name]():
            Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
