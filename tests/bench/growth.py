"""How Parley grows with its log: size on disk, rebuild, export and start-up, on both stores."""

import os
import time
from collections.abc import Iterator
from statistics import median

from contenders import Parley
from course import LENGTH
from stores import size_mib, stores
from workloads import RECORDS, RUNS

SIZES = (10_000, 100_000, 1_000_000) if os.environ.get("BENCH_GROWTH") else (RECORDS,)


def growth() -> Iterator[tuple[str, str]]:
    with stores() as new:
        for kind in ("sqlite", "postgresql"):
            for records in SIZES:
                yield from _grown(Parley(new.new(kind)), kind, records)


def _grown(parley: Parley, kind: str, records: int) -> Iterator[tuple[str, str]]:
    start = time.perf_counter()
    parley.fill("talks", records, LENGTH)
    yield f"{kind}, {records:,} records", f"written in {time.perf_counter() - start:.0f} s"
    for command in ("rebuild", "export"):
        found = parley.measured(command)
        yield (
            f"    {command}",
            f"{records / found.seconds:,.0f} records/s ({found.seconds:.1f} s), peak {found.mib:.0f} MiB",
        )
    yield "    size on disk", f"{size_mib(parley.address):.0f} MiB"
    starts = []
    for _ in range(RUNS):
        with parley.serve() as doors:
            starts.append(doors.seconds)
            parley.settle(doors)
    yield "    start to the first answer", f"{median(starts):.2f} s"
