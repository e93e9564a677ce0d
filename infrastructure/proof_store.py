"""The proof store: the tree over the log, in tiles, and the checkpoints that were sealed.

The tree can be grown again from the log. A checkpoint can not be sealed again as it was, so keep copies of them with
others: they show a log that was changed together with its tree.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from infrastructure.database import Database
from infrastructure.merkle import HASH_BYTES, WIDTH, Tree, grown
from infrastructure.note import Note, parse
from infrastructure.tables import Tables

_TABLES = (
    "CREATE TABLE tiles (level {integer} NOT NULL, number {integer} NOT NULL, hashes {bytes} NOT NULL,"
    " PRIMARY KEY (level, number))",
    "CREATE TABLE checkpoints (size {integer} NOT NULL, signer {text} NOT NULL, sealed {text} NOT NULL,"
    " handed {integer} NOT NULL, note {text} NOT NULL, PRIMARY KEY (size, signer))",
)
_COLUMNS = "size, signer, sealed, handed, note"


class Sealed(NamedTuple):
    """A checkpoint as it was signed: by which key and when, and whether witnesses have it."""

    size: int
    signer: str
    sealed: str
    handed: int
    note: str

    @property
    def signed(self) -> Note:
        """Raises `NotANote`, where somebody has changed it."""
        return parse(str(self.note))


TABLES = Tables("proofs", "proofs of", 1, lambda connection, _: connection.declare(*_TABLES))


class ProofReader:
    """The proofs, open for reading. Raises `StoreRefused` where nothing was ever grown."""

    def __init__(self, database: Database) -> None:
        self._connection = TABLES.reader(database)

    def size(self) -> int:
        """How many records are in the tree."""
        rows = self._connection.rows(
            "SELECT number, length(hashes) FROM tiles WHERE level = 0 ORDER BY number DESC LIMIT 1"
        )
        return int(rows[0][0] * WIDTH + rows[0][1] // HASH_BYTES) if rows else 0

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile, as many as there are."""
        found = self._connection.value("SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number))
        return bytes(found or b"")

    def tree(self) -> Tree:
        """The tree as it is now. What is in it stays, so that it can be read while it grows."""
        return Tree(self.tile, self.size())

    def latest(self) -> Sealed | None:
        """The last checkpoint that was sealed."""
        found = self._sealed("1 = 1", (), "size DESC, sealed DESC LIMIT 1")
        return found[0] if found else None

    def of_size(self, size: int) -> Sealed | None:
        """The last checkpoint of a size."""
        found = self._sealed("size = ?", (size,), "sealed DESC LIMIT 1")
        return found[0] if found else None

    def checkpoints(self, after: int = 0, limit: int = 1000) -> list[Sealed]:
        """Those of more than a size, the smallest first."""
        return self._sealed("size > ?", (after,), f"size, sealed LIMIT {int(limit)}")

    def faults(self) -> list[str]:
        """What is wrong with how the proofs are kept: what the database itself finds, and tiles that cannot be so."""
        faults = self._connection.faults()
        tiles = "SELECT level, count(*), min(number), max(number) FROM tiles GROUP BY level ORDER BY level"
        for level, count, first, last in self._connection.rows(tiles):
            if (first, last) != (0, count - 1):
                faults.append(f"of level {level} there are {count} tiles, numbered from {first} to {last}")
        whole = WIDTH * HASH_BYTES
        cut = self._connection.rows(
            "SELECT level, number FROM tiles AS one WHERE hashes IS NULL OR length(hashes) = 0"
            f" OR length(hashes) > {whole} OR length(hashes) % {HASH_BYTES} != 0 OR (length(hashes) < {whole}"
            " AND number < (SELECT max(number) FROM tiles AS other WHERE other.level = one.level)) LIMIT 10"
        )
        return faults + [f"the tile {number} of level {level} is cut off" for level, number in cut]

    def close(self) -> None:
        self._connection.close()

    def _sealed(self, condition: str, values: Sequence[int], order: str) -> list[Sealed]:
        rows = self._connection.rows(f"SELECT {_COLUMNS} FROM checkpoints WHERE {condition} ORDER BY {order}", values)
        return [Sealed(*row) for row in rows]


class ProofStore(ProofReader):
    """The proofs, open for writing."""

    def __init__(self, database: Database) -> None:
        self._connection = TABLES.writer(database)

    def leads(self) -> bool:
        """Whether this is the one that keeps the tree growing."""
        return self._connection.lead("tree")

    def transaction(self, *, waits: bool = False) -> AbstractContextManager[None]:
        """One writer at a time; all of it, or nothing where it raises. On disk when it ends where it `waits`."""
        return self._connection.transaction("proofs", waits=waits)

    def add(self, size: int, leaves: Sequence[bytes]) -> None:
        """More leaves' hashes, of a tree that has a size. Within a transaction."""
        changed = [(*place, hashes) for place, hashes in grown(self.tile, size, leaves).items()]
        self._connection.many(
            "INSERT INTO tiles (level, number, hashes) VALUES (?, ?, ?)"
            " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
            changed,
        )

    def keep(self, sealed: Sealed) -> None:
        """One more checkpoint. Within a transaction."""
        self._connection.run(f"INSERT INTO checkpoints ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", sealed)

    def handed(self, sealed: Sealed) -> None:
        """Witnesses have this checkpoint, and with it all before."""
        self._connection.run("UPDATE checkpoints SET handed = 1 WHERE size <= ? AND handed = 0", (sealed.size,))
