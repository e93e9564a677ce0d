"""Comparing a log, record by record, with checkpoints that somebody kept and with the tree that was grown from it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from infrastructure.merkle import HASH_BYTES, WIDTH, Frontier, TreeDamaged
from infrastructure.note import Checkpoint, NotSigned, Verifier, parse
from infrastructure.proof_store import ProofReader, Sealed

REGROW = "Remove the proofs, and the tree is grown again."


class Finding(NamedTuple):
    """What is not as it should be, in one sentence; at position 0 it is about the whole."""

    position: int
    told: str

    def __str__(self) -> str:
        return self.told


class Held(NamedTuple):
    """A checkpoint to compare with, and what it is called. One that is not by the key at hand proves nothing."""

    name: str
    checkpoint: Checkpoint
    proves: bool = True


def held(name: str, note: str, verifier: Verifier | None, origin: str | None) -> Held:
    """A checkpoint that somebody kept. Raises `NotANote`, and `NotSigned` where it is not one of this log."""
    signed = parse(note)
    told = signed.checkpoint
    expected = verifier.name if verifier else origin
    _refuse_other_log(told, expected)
    if verifier:
        verifier.check(signed)
    return Held(name, told)


def kept_beside(sealed: Sealed, verifier: Verifier | None) -> Held:
    """A checkpoint of the store itself. Raises as `held` does; those by an earlier key prove nothing."""
    note = sealed.signed
    told, keys = note.checkpoint, {one.signer for one in note.signatures}
    if told.size != sealed.size or sealed.signer not in keys:
        raise NotSigned(f"It is of {told.size} records and by {', '.join(keys)}, and was kept as another.")
    _refuse_other_log(told, verifier and verifier.name)
    if verifier and sealed.signer == verifier.signer:
        verifier.check(note)
    proves = verifier is None or sealed.signer == verifier.signer
    return Held(f"the checkpoint kept beside the log at {sealed.size} records", told, proves)


def _refuse_other_log(told: Checkpoint, expected: str | None) -> None:
    if expected not in {None, told.origin}:
        raise NotSigned(f"It is of another log: of {told.origin}, and not of {expected}.")


class StoredLeaves:
    """The leaves' hashes in a tree, read tile after tile, and the roots over them at some sizes."""

    def __init__(self, reader: ProofReader, sizes: set[int]) -> None:
        self._tile, self._number = b"", -1
        self._reader = reader
        self._wanted = sizes
        self._frontier = Frontier()
        self.tree = reader.tree()
        self.roots: dict[int, bytes] = {}

    def at(self, position: int) -> bytes | None:
        """The hash that stands for a position; none where the tree does not go so far."""
        if not 0 < position <= self.tree.size:
            return None
        number, within = divmod(position - 1, WIDTH)
        if number != self._number:
            self._tile, self._number = self._reader.tile(0, number), number
        return self._tile[within * HASH_BYTES :][:HASH_BYTES]

    def follow(self, position: int) -> None:
        """Work out the roots at all sizes up to a position."""
        while self._frontier.size < min(position, self.tree.size):
            self._frontier.add(self.at(self._frontier.size + 1) or b"")
            if self._frontier.size in self._wanted:
                self.roots[self._frontier.size] = self._frontier.root()

    def is_whole(self) -> bool:
        """Whether the upper hashes go with the leaves."""
        self.follow(self.tree.size)
        try:
            return self.tree.root() == self._frontier.root()
        except TreeDamaged:
            return False


class Comparison:
    """Takes the leaves of a log in their order, and says what differs."""

    def __init__(self, checkpoints: Sequence[Held], reader: ProofReader | None, *, own: bool = True) -> None:
        """The tree is the log's own, or that of a store of which the log is an earlier copy."""
        self._own = own
        self.checkpoints = sorted(checkpoints, key=lambda held: held.checkpoint.size)
        self._sizes = {one.checkpoint.size for one in checkpoints}
        self._stored = StoredLeaves(reader, self._sizes) if reader else None
        self._frontier = Frontier()
        self._broken = False
        self._roots: dict[int, bytes] = {}
        self._differing: dict[int, str] = {}
        self._last = 0
        self.count = 0

    def add(self, position: int, record: str, leaf: bytes | None) -> None:
        """The next record: its place, its id, and the hash of its canonical form, if it has one."""
        self._broken = self._broken or leaf is None or position != self._frontier.size + 1
        self._last = max(self._last, position)
        self.count += 1
        if leaf and not self._broken:
            self._frontier.add(leaf)
            if self._frontier.size in self._sizes:
                self._roots[self._frontier.size] = self._frontier.root()
        if self._stored:
            self._stored.follow(position)
            if self._stored.at(position) not in {None, leaf}:
                self._differing[position] = record

    def findings(self) -> Iterator[Finding]:
        """What differs, once all records were added."""
        agreed: Held | None = None
        for one in self.checkpoints:
            _, size, root = one.checkpoint
            if self._stored:
                self._stored.follow(size)
            if self._roots.get(size) == root:
                agreed = one
            elif self._stored and self._stored.roots.get(size) == root:
                yield from self._named(one)
            else:
                yield Finding(0, self._unnamed(one, agreed))
        yield from self._against_the_tree(agreed)

    @property
    def agreed(self) -> Held | None:
        """The largest checkpoint with which the log agrees, and that proves something."""
        alike = [
            one
            for one in self.checkpoints
            if one.proves and self._roots.get(one.checkpoint.size) == one.checkpoint.root
        ]
        return alike[-1] if alike else None

    def _named(self, one: Held) -> Iterator[Finding]:
        """What differs from a checkpoint with which the tree agrees: the tree tells each record apart."""
        size = one.checkpoint.size
        if size > self._last:
            yield Finding(0, self._missing(one))
        for position in sorted(place for place in self._differing if place <= size):
            record = self._differing.pop(position)
            yield Finding(position, f"The record at position {position} ({record}) is not the one that was sealed.")

    def _unnamed(self, one: Held, agreed: Held | None) -> str:
        size = one.checkpoint.size
        if size > self._last:
            return self._missing(one)
        told = f"The log is not that of {one.name}, {one.checkpoint.origin}"
        if self._stored and not self._differing:
            told += ": that is of another log, or this one was changed together with its tree"
        return f"{told}. {self._narrowed(size, agreed)}"

    def _narrowed(self, size: int, agreed: Held | None) -> str:
        told = f"What differs is among its first {size} records."
        if agreed:
            start = agreed.checkpoint.size
            told = f"Its first {start} records are as in {agreed.name}: what differs is among {start + 1} to {size}."
        return told if self._stored else f"{told} The proofs of the store that it was sealed in name each record."

    def _missing(self, one: Held) -> str:
        size = one.checkpoint.size
        return f"Of the {size} records of {one.name} the last {size - self._last} are missing: it ends at {self._last}."

    def _against_the_tree(self, agreed: Held | None) -> Iterator[Finding]:
        for position, record in sorted(self._differing.items()):
            if agreed and position <= agreed.checkpoint.size:
                told = f"The tree is damaged at position {position}: the record is as in {agreed.name}. {REGROW}"
            else:
                told = f"The record at position {position} ({record}) is not the one that was put into the tree."
            yield Finding(position, told)
        if not self._stored or not self._own:
            return
        size = self._stored.tree.size
        if size > max(self._last, *self._sizes, 0):
            yield Finding(0, f"Of the {size} records in the tree the last {size - self._last} are missing in the log.")
        sealed = max((size for size in self._sizes if size <= self._last), default=0)
        if size < sealed:
            yield Finding(0, f"The tree is damaged: it has {size} records, and {sealed} were sealed. {REGROW}")
        if not self._stored.is_whole():
            yield Finding(0, f"The tree is damaged: its upper hashes do not go with its leaves. {REGROW}")
