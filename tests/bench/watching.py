"""What it costs a request to be watched: counted, and given its headers. Prints the microseconds of
processor time.

python tests/bench/watching.py
"""

import asyncio
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from interfaces.watching import Watch, Watched

PATHS = (("GET", "/v1/negotiations/talks/ledger"), ("POST", "/v1/records/make-claim"))
REQUESTS, RUNS = 100_000, 7


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def ignores(message: Any) -> None:
    pass


async def seconds(app: Any, scope: Any) -> float:
    start = time.process_time()
    for _ in range(REQUESTS):
        await app(scope, None, ignores)
    return time.process_time() - start


async def main() -> None:
    watched = Watched(answers, Watch())
    for method, path in PATHS:
        scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
        costs = [await seconds(watched, scope) - await seconds(answers, scope) for _ in range(RUNS)]
        print(f"{method} {path}: {median(costs) / REQUESTS * 1e6:.2f} microseconds")


if __name__ == "__main__":
    asyncio.run(main())
