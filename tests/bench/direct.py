"""What a direct commit costs: the bytes of one claim after the other, each in a transaction of its own.

direct.py ADDRESS SECONDS      prints the median latency in milliseconds
"""

import sqlite3
import sys
import time
from collections.abc import Callable
from statistics import median

import psycopg
from claims import Claims

_TABLE = "CREATE TABLE IF NOT EXISTS direct (position {} PRIMARY KEY, body {} NOT NULL)"


def storing(address: str) -> Callable[[bytes], object]:
    """A statement that is on disk when it returns, on a store that was opened as Parley opens it."""
    if address.startswith("sqlite:///"):
        file = sqlite3.connect(address.removeprefix("sqlite:///") + ".direct", isolation_level=None)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.execute(_TABLE.format("INTEGER", "BLOB"))
        return lambda body: file.execute("INSERT INTO direct (body) VALUES (?)", (body,))
    server = psycopg.connect(address, autocommit=True)
    server.execute(_TABLE.format("BIGSERIAL", "BYTEA"))
    return lambda body: server.execute("INSERT INTO direct (body) VALUES (%s)", (body,))


def main(address: str, seconds: float) -> None:
    store, claims, taken = storing(address), Claims(0), []
    until = time.perf_counter() + seconds
    while (start := time.perf_counter()) < until:
        body = claims.next().body
        store(body)
        taken.append(time.perf_counter() - start)
    print(median(taken) * 1e3)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
