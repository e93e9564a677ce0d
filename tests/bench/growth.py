"""How Parley grows with its log: size on disk, rebuild, export and start-up, on both stores."""

import os
import time
from collections.abc import Iterator
from statistics import median

from contenders import Parley, Rebuilt
from course import LENGTH
from stores import size_mib, stores
from workloads import RECORDS, RUNS

SIZES = (10_000, 100_000, 1_000_000) if os.environ.get("BENCH_GROWTH") else (RECORDS,)


def growth() -> Iterator[tuple[str, str]]:
    """`BENCH_RECORDS` records; or, with `BENCH_GROWTH=1`, 10,000 to 1,000,000, and whether the memory stays flat."""
    with stores() as new:
        for kind in ("sqlite", "postgresql"):
            peaks = []
            for records in SIZES:
                parley = Parley(new.new(kind))
                start = time.perf_counter()
                parley.fill("talks", records, LENGTH)
                yield f"{kind}, {records:,} records", f"written in {time.perf_counter() - start:.0f} s"
                rebuilt, exported = parley.measured("rebuild"), parley.measured("export")
                peaks.append(rebuilt.mib)
                yield "    rebuild", _told(records, rebuilt)
                yield "    export", _told(records, exported)
                yield "    size on disk, log and views", f"{size_mib(parley.address):.0f} MiB"
                yield "    start to the first answer", f"{_start(parley):.2f} s"
            if len(peaks) > 1:
                yield f"{kind}, peak of a rebuild, of the last size to the one before", f"{peaks[-1] / peaks[-2]:.2f}"


def _told(records: int, found: Rebuilt) -> str:
    return f"{records / found.seconds:,.0f} records/s ({found.seconds:.1f} s), peak {found.mib:.0f} MiB"


def _start(parley: Parley) -> float:
    starts = []
    for _ in range(RUNS):
        with parley.serve() as doors:
            starts.append(doors.seconds)
            parley.settle(doors)
    return median(starts)
