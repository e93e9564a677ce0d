"""Growing the tree from the log, and sealing it: what was sealed once is a part of all that is sealed later."""

from collections.abc import Callable
from datetime import UTC, datetime

from infrastructure.canonical import NotARecord, leaf
from infrastructure.database import Database
from infrastructure.log import LogReader, LogRow
from infrastructure.merkle import TreeDamaged, leaf_hash
from infrastructure.note import Checkpoint, NotANote, Signer
from infrastructure.proof_store import ProofStore, Sealed

BATCH = 1000


class LogChanged(Exception):
    """The log is not the one from which the tree was grown, or that was sealed: nothing more is put in or sealed.

    Whoever has restored an older copy on purpose removes the proofs, and tells those who hold checkpoints.
    """


class Grower:
    """Owns its connections: one thread uses it at a time."""

    def __init__(self, database: Database) -> None:
        self._store = ProofStore(database)
        try:
            self._log = LogReader(database)
        except BaseException:
            self._store.close()
            raise
        self._database = database

    def leads(self) -> bool:
        """Whether this is the one that keeps the tree growing; it stays so until it is closed."""
        return self._store.leads()

    def grow(self, pause: Callable[[], bool] = lambda: True) -> int:
        """Put in what is new, in batches, each in one transaction; gives the size.

        `pause` is called between batches and says whether to go on. Raises `LogChanged`.
        """
        while self._grow() == BATCH and pause():
            pass
        return self._store.size()

    def _grow(self) -> int:
        """Put in one batch; gives how many records that were."""
        with self._store.transaction():
            size = self._store.size()
            rows = self._log.stored_after(max(size - 1, 0), BATCH + (size > 0))
            hashes = [self._hash(place, row) for place, row in enumerate(rows, max(size, 1))]
            if size and (not hashes or hashes.pop(0) != self._store.tree().leaf(size - 1)):
                raise LogChanged(
                    f"The log {self._database} has no record at position {size} any more, or another one than the tree."
                )
            self._store.add(size, hashes)
        return len(hashes)

    def _hash(self, expected: int, row: LogRow) -> bytes:
        position, topic, state, _ = row
        if position != expected:
            raise LogChanged(f"The log {self._database} has no record at position {expected}, and one at {position}.")
        try:
            return leaf_hash(leaf(topic, state))
        except NotARecord as error:
            raise LogChanged(f"The record at position {position} of {self._database} is damaged: {error}.") from None

    def seal(self, signer: Signer) -> Sealed | None:
        """The checkpoint of the tree as it is, signed; none where the log is empty. Raises `LogChanged`."""
        with self._store.transaction(waits=True):
            tree, latest = self._store.tree(), self._store.latest()
            key = signer.verifier.signer
            if latest:
                self._refuse_other(latest)
                if (latest.size, latest.signer) == (tree.size, key):
                    return latest
            if not tree.size:
                return None
            note = signer.sign(Checkpoint(signer.verifier.name, tree.size, tree.root()))
            sealed = Sealed(tree.size, key, datetime.now(UTC).isoformat(timespec="seconds"), 0, str(note))
            self._store.keep(sealed)
        return sealed

    def _refuse_other(self, latest: Sealed) -> None:
        """Raise `LogChanged` where the tree does not go on from the last checkpoint."""
        tree = self._store.tree()
        try:
            told = latest.signed.checkpoint
            good = told.size == latest.size and told.size <= tree.size and told.root == tree.root(told.size)
        except (NotANote, TreeDamaged):
            good = False
        if not good:
            raise LogChanged(
                f"The log {self._database} is not the one that was sealed at {latest.size} records: nothing is sealed."
            )

    def unhanded(self) -> Sealed | None:
        """The last checkpoint, if no witness has it yet."""
        latest = self._store.latest()
        return latest if latest and not latest.handed else None

    def handed(self, sealed: Sealed) -> None:
        """Witnesses have a checkpoint."""
        self._store.handed(sealed)

    def close(self) -> None:
        self._log.close()
        self._store.close()
