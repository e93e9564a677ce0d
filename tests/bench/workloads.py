"""What every contender is put through, each as often as `BENCH_RUNS` says; the figures of all runs."""

import json
import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from claims import NEGOTIATIONS, days_around_the_middle
from contenders import Contender, Doors
from course import BEGINNING, LENGTH
from processes import HERE, python

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
"""How long a run of writing takes; one of reading takes five eighths of it, and one of a single client a quarter."""
RECORDS = max(LENGTH, int(os.environ.get("BENCH_RECORDS", "100000")) // LENGTH * LENGTH)
READ_LENGTH, LONG = 50, 5000
Figures = dict[str, list[Any]]


def fill(contender: Contender) -> None:
    """Negotiations to write to, others for each run; 200 to read; and a long one."""
    contender.fill("talks", RUNS * NEGOTIATIONS * BEGINNING, BEGINNING)
    contender.fill("read", NEGOTIATIONS * READ_LENGTH, READ_LENGTH)
    contender.fill("long", LONG, LONG)


def reads(contender: Contender, doors: Doors) -> Figures:
    """32 clients read what 200 negotiations are now."""
    paths = [f"/v1/negotiations/read-{n}" for n in range(NEGOTIATIONS)]
    return _named("read", [_read(doors, SECONDS * 5 / 8, paths) for _ in range(RUNS)])


def past(contender: Contender, doors: Doors) -> Figures:
    """One client asks for the middle of a long negotiation, and the days around it."""
    found: Figures = {}
    for view, path in contender.past.items():
        paths = [path.format(day=day) for day in days_around_the_middle()]
        runs = [_read(doors, SECONDS / 4, paths, clients=1) for _ in range(RUNS)]
        found[f"past {view}"] = [run["p50"] for run in runs]
    return found


def records(contender: Contender, doors: Doors) -> Figures:
    """32 clients write; where there are views, two more write and wait until they see it there."""
    runs, seen = [], []
    for run in range(RUNS):
        before = contender.settle(doors)
        told = write(doors, SECONDS, run, watching=before is not None)
        after = contender.settle(doors)
        runs.append(told)
        if before is not None and after is not None:
            seen.append(sorted(told["seen"]))
            runs[-1]["astray"] = abs(before + told["count"] + len(told["seen"]) - after)
    figures = _named("record", runs)
    if seen:
        figures |= {f"seen p{n}": [times[len(times) * n // 100] for times in seen if times] for n in (50, 99)}
        figures["record astray"] = [run["astray"] for run in runs]
    return figures


def alone(contender: Contender, doors: Doors) -> Figures:
    """One client writes; then the same bytes are committed to the same store without anything around it."""
    found: Figures = defaultdict(list)
    for run in range(RUNS):
        contender.settle(doors)
        found["alone"].append(write(doors, SECONDS / 4, run, clients=1)["p50"])
        contender.settle(doors)
        if not contender.address:
            continue
        direct = float(python(str(HERE / "direct.py"), contender.address, str(SECONDS / 4)))
        found["direct"].append(direct)
        found["alone ratio"].append(found["alone"][-1] / direct)
        if committed := contender.committed(SECONDS / 4):
            found["committed"].append(committed)
            found["committed ratio"].append(committed / direct)
    return found


def rebuild(make: Callable[[], Contender]) -> Figures:
    """All views are made anew from a log of `BENCH_RECORDS`."""
    contender = make()
    number = min(RECORDS, contender.records_max)
    contender.fill("talks", number, LENGTH)
    runs = [contender.rebuild() for _ in range(RUNS)]
    return {"rebuild rate": [number / run.seconds for run in runs], "rebuild mib": [run.mib for run in runs]}


def _read(doors: Doors, seconds: float, paths: list[str], clients: int = 32) -> dict[str, Any]:
    told = json.dumps(paths)
    return _load("read", str(doors.reading), str(seconds), told=told, clients=clients)


def write(doors: Doors, seconds: float, run: int, *, watching: bool = False, clients: int = 32) -> dict[str, Any]:
    """Claims about the negotiations of one run."""
    reading = [str(doors.reading)] if watching else []
    return _load("write", str(doors.writing), str(seconds), str(run), *reading, clients=clients)


def _load(*arguments: str, told: str = "", clients: int) -> dict[str, Any]:
    environment = {"CLIENTS": str(clients)}
    return json.loads(python(str(HERE / "load.py"), *arguments, environment=environment, told=told))


def _named(name: str, runs: list[dict[str, Any]]) -> Figures:
    figures = {f"{name} {figure}": [run[figure] for run in runs] for figure in ("rate", "p50", "p99")}
    return figures | {f"{name} refused": [sum(run["refused"].values()) for run in runs]}
