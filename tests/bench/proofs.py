"""What proofs cost and find: the time to verify, how many changed bytes are found, and what sealing takes of recording."""

import os
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import workloads
from claims import NEGOTIATIONS
from contenders import Doors, Parley
from course import BEGINNING, LENGTH, fill
from processes import python, running, served

from infrastructure.comparison import Comparison, Finding, kept_beside
from infrastructure.database import StoreDamaged, StoreLost, StoreRefused
from infrastructure.growing import Grower
from infrastructure.note import Signer
from infrastructure.proof_store import ProofReader
from infrastructure.sqlite import SqliteDatabase
from infrastructure.verification import LogRows, verified

CHANGES = int(os.environ.get("BENCH_CHANGES", "10000"))
FLIPS = int(os.environ.get("BENCH_FLIPS", "1000"))
PAIRS = 2 * workloads.RUNS
TABLES = {
    "records": "position stream_id version topic state id negotiation stream occurred published recorded".split(),
    "record_parties": ["party", "position"],
}
_WITHOUT = (
    "import infrastructure.sealing as sealing; sealing.TreeThread.start = lambda thread: None;"
    " from interfaces.cli import app; app(['project'])"
)
"""The process that keeps the views, without the tree."""


def proofs() -> Iterator[tuple[str, str]]:
    """All of it, on SQLite."""
    with TemporaryDirectory() as folder:
        yield from changed_values(Path(folder) / "parley.db", workloads.RECORDS)
    with TemporaryDirectory() as folder:
        yield from flipped_bytes(Path(folder) / "parley.db")
    with TemporaryDirectory() as folder:
        yield from recording(Path(folder))


def changed_values(file: Path, records: int) -> Iterator[tuple[str, str]]:
    """One byte of each of many records is changed in the tables; then one verification has to name every one of them."""
    parley = Parley(f"sqlite:///{file}")
    parley.fill("talks", records, min(records, LENGTH))
    start = time.perf_counter()
    seal(file)
    yield f"{records:,} records put into the tree and sealed", f"{time.perf_counter() - start:.1f} s"
    took = parley.measured("verify")
    yield "    verified, nothing changed", f"{took.seconds:.1f} s, peak {took.mib:.0f} MiB"
    changed = change(file, min(CHANGES, records))
    start = time.perf_counter()
    found = set[int]().union(*map(places, findings(file)))
    told = f"{len(changed & found):,} of {len(changed):,} found in {time.perf_counter() - start:.1f} s"
    yield "    one byte of a value changed, in so many records", told
    others = sum(0 < position <= records for position in found - changed)
    yield "    others named, to whose places something was moved", str(others)


def flipped_bytes(file: Path) -> Iterator[tuple[str, str]]:
    """One byte of the file itself is changed at a time: each change that shows in a row has to be found."""
    fill(f"sqlite:///{file}", 300, 100)
    seal(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    whole, rows, chance = file.read_bytes(), dump(file), random.Random(0)
    seen: Counter[str] = Counter()
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= chance.randrange(1, 256)
        file.write_bytes(flipped)
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink(missing_ok=True)
        seen[outcome(file, rows)] += 1
    for told, count in sorted(seen.items()):
        yield f"one byte of a file of 300 records changed, {FLIPS:,} times: {told}", f"{count:,}"


def places(finding: Finding) -> set[int]:
    """The positions that a finding names; of a long gap its first hundred thousand."""
    gap = re.search("positions ([0-9]+) to ([0-9]+) are missing", finding.told)
    return set(range(int(gap[1]), min(int(gap[2]), int(gap[1]) + 100_000) + 1)) if gap else {finding.position}


def outcome(file: Path, rows: dict[str, Any]) -> str:
    """What came of a changed byte."""
    try:
        if findings(file):
            return "found"
    except (StoreRefused, StoreLost, StoreDamaged):
        return "found: the store cannot be read"
    now = dump(file)
    if now == rows:
        return "no row shows it"
    receipts = [[row[2:] for row in told["receipts"]] for told in (rows, now)]
    if now | {"receipts": 0} == rows | {"receipts": 0} and receipts[0] == receipts[1]:
        return "only in a receipt's key or digest, of which there is no proof"
    return "MISSED"


def dump(file: Path) -> dict[str, Any]:
    """All that the tables of the log say."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        for table in ("records", "record_parties", "receipts"):
            try:
                found[table] = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            except sqlite3.Error as error:
                found[table] = str(error)
    return found


def seal(file: Path) -> None:
    with closing(Grower(SqliteDatabase(file))) as grower:
        grower.grow()
        grower.seal(Signer.new("bench.example/log"))


def findings(file: Path) -> list[Finding]:
    """What `parley verify` finds."""
    found: list[Finding] = []
    database = SqliteDatabase(file)
    with closing(ProofReader(database)) as tree, closing(LogRows(database)) as log:
        comparison = Comparison([kept_beside(one, None) for one in tree.checkpoints()], tree)
        for _ in verified(log, comparison, found):
            pass
    return found


def change(file: Path, count: int) -> set[int]:
    """Change one byte in a row of each of so many records; gives their positions."""
    chance, changed, taken = random.Random(1), set[int](), set[int]()
    places = [(table, column) for table, columns in TABLES.items() for column in columns]
    with closing(sqlite3.connect(file)) as connection, connection:
        positions = [position for (position,) in connection.execute("SELECT position FROM records")]
        chance.shuffle(positions)
        for position in positions:
            table, column = chance.choice(places)
            party = ", party" * (table == "record_parties")
            where = f"FROM {table} WHERE position = ? ORDER BY 1 LIMIT 1"
            row = connection.execute(f"SELECT {column}{party} {where}", (position,)).fetchone()
            if row is None or row[0] == "" or position in taken:
                continue
            value = one_byte_off(row[0], chance)
            if column == "position":
                if value in changed:  # what was moved away from there would be put back
                    continue
                taken.add(value)
            sql = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE position = ?{' AND party = ?' if party else ''}"
            if connection.execute(sql, (value, position, *row[1:])).rowcount:
                changed.add(position)
            if len(changed) == count:
                break
    return changed


def one_byte_off(value: Any, chance: random.Random) -> Any:
    """A value of the same type, of which one byte differs."""
    if isinstance(value, int):
        return value ^ chance.randrange(1, 256) << 8 * chance.randrange(4)
    told = bytearray(value if isinstance(value, bytes) else value.encode())
    place = chance.randrange(len(told))
    if isinstance(value, bytes):
        told[place] ^= chance.randrange(1, 256)
        return bytes(told)
    told[place] = chance.choice([byte for byte in range(32, 127) if byte != told[place]])
    return told.decode(errors="replace")


def recording(folder: Path) -> Iterator[tuple[str, str]]:
    """32 clients write, in turns with the tree grown and sealed every second, and without any of it."""
    parley = Parley(f"sqlite:///{folder}/parley.db")
    parley.fill("talks", 2 * PAIRS * NEGOTIATIONS * BEGINNING, BEGINNING)
    (folder / "key").write_text(Signer.new("bench.example/log").secret())
    environment = {
        "PARLEY_DATABASE": parley.address,
        "PARLEY_SIGNING_KEY": str(folder / "key"),
        "PARLEY_SEAL_SECONDS": "1",
    }
    rates: dict[bool, list[float]] = {True: [], False: []}
    costs: dict[bool, list[float]] = {True: [], False: []}
    python("-m", "interfaces", "rebuild", environment=environment)
    with ExitStack() as started:
        recorder, reader = (
            started.enter_context(served("-m", "interfaces", "serve", "--only", part, environment=environment))
            for part in ("recording", "reading")
        )
        doors = Doors(recorder.port, reader.port, [], 0)
        for run in range(2 * PAIRS):
            sealing = run % 4 in {1, 2}
            python("-m", "interfaces", "seal", environment=environment)
            keeping = ("-m", "interfaces", "project") if sealing else ("-c", _WITHOUT)
            with running(*keeping, environment=environment) as keeper:
                parley.settle(doors)
                processes = recorder.process, keeper.pid
                before = sum(map(cpu_seconds, processes))
                told = workloads.write(doors, workloads.SECONDS / 2, run)
                parley.settle(doors)
                time.sleep(1)  # the tree follows twice a second
                costs[sealing].append((sum(map(cpu_seconds, processes)) - before) / told["count"] * 1e6)
                rates[sealing].append(told["rate"])
    for sealing, name in ((False, "without the tree"), (True, "grown, and sealed every second")):
        yield f"records/s, {name}", _told(rates[sealing])
        yield "    microseconds of CPU a record, in the recorder and the keeper", _told(costs[sealing])
    ratios = [with_it / without for with_it, without in zip(rates[True], rates[False], strict=True)]
    saved = [without / with_it for with_it, without in zip(costs[True], costs[False], strict=True)]
    for name, found in (("records/s with to without, at least 0.95", ratios), ("the same by CPU a record", saved)):
        yield name, f"{median(found):.3f} ({', '.join(f'{ratio:.2f}' for ratio in found)})"


def cpu_seconds(process: int) -> float:
    """What a process has used: on a machine that others use as well it says more than the time."""
    used = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _told(figures: list[float]) -> str:
    return f"{median(figures):,.0f} ({', '.join(f'{figure:,.0f}' for figure in figures)})"
