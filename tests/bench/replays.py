"""How long a question at another time takes: one negotiation of some records, asked at times all over its course."""

import http.client
import json
import random
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from course import DAYS, ISSUES, TRANCHES

ASKED = 60
VIEWS = {
    "negotiation": "",
    "ledger": "/ledger",
    "one position": "/positions/issue/i{issue}:p1:position",
    "one tranche": "/tranches/x{tranche}",
    "positions": "/positions?",
    "contradictions": "/contradictions?",
    "rounds": "/rounds?",
    "timeline": "/timeline?",
    "flags": "/flags?",
}


def main(port: int, process: int) -> None:
    """For each view the milliseconds of the stored documents, at a date, after the last record, and the first time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def timed(path: str) -> float:
        start = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in {200, 404}:  # what was not there yet
            sys.exit(f"{path} is answered {answer.status}")
        return (time.perf_counter() - start) * 1000

    chance = random.Random(1)
    found: dict[str, Any] = {}
    for name, path in VIEWS.items():
        stored, replayed, late = [], [], []
        for n in range(ASKED):
            about = path.format(issue=chance.randrange(ISSUES), tranche=chance.randrange(TRANCHES))
            url = f"/v1/negotiations/talks-0{about}" + ("&" if "?" in path else "?")
            stored.append(timed(f"{url}min_position=1"))
            replayed.append(timed(f"{url}as_of={date(2024, 3, 1) + timedelta(chance.randrange(DAYS - 60))}"))
            late.append(timed(f"{url}as_of={date(2026, 1, 1) + timedelta(n)}"))
        found[name] = [median(stored), median(replayed), median(late), replayed[0]]
    status = Path(f"/proc/{process}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    print(json.dumps(found | {"mib": int(resident.split()[1]) / 1024}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
