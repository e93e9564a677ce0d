"""The Merkle tree of RFC 9162 (section 2.1), kept in tiles.

A tile holds up to 256 hashes of one level: of leaves at level 0, and above that the roots of the full tiles below. A
hash that once stands never changes, so a proof reads a few tiles, however long the log is.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES

Tile = Callable[[int, int], bytes]
"""The hashes of a tile, by its level and number, as many as there are."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class TreeDamaged(Exception):
    """Hashes that should be in a tile are not there: the tree has to be grown again."""


EMPTY = sha256(b"").digest()
"""The root of no leaves."""


def joined(roots: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, the largest first."""
    if not roots:
        return EMPTY
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def perfect(hashes: bytes) -> bytes:
    """The root of a perfect subtree, of the hashes of one level."""
    level = [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
    while len(level) > 1:
        level = [node_hash(level[place], level[place + 1]) for place in range(0, len(level), 2)]
    return level[0]


class Frontier:
    """The root of leaves that come one by one; it holds no more than one hash a level."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """One more leaf's hash."""
        self.size = full = self.size + 1
        while full % 2 == 0:
            leaf = node_hash(self._roots.pop(), leaf)
            full //= 2
        self._roots.append(leaf)

    def root(self) -> bytes:
        return joined(self._roots)


class Tree:
    """A tree of some leaves in tiles, and what can be proved of it."""

    def __init__(self, tile: Tile, size: int) -> None:
        self._tile = tile
        self.size = size

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf, from 0."""
        return self._perfect(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first leaves; over all, where no size is given."""
        return self._range(0, self.size if size is None else size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that a leaf is one of the first `size` (section 2.1.3.1)."""
        start, end = 0, size
        others = []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                others.append((middle, end))
                end = middle
            else:
                others.append((start, middle))
                start = middle
        return [self._range(*other) for other in reversed(others)]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the first leaves are still the first of more (section 2.1.4.1)."""
        start, end = 0, second
        others = []
        while first < end:
            middle = start + _split(end - start)
            if first <= middle:
                others.append((middle, end))
                end = middle
            else:
                others.append((start, middle))
                start = middle
        if start:
            others.append((start, end))
        return [self._range(*other) for other in reversed(others)]

    def _range(self, start: int, end: int) -> bytes:
        """The root over a range that begins where a proof's ranges begin: at a multiple of what is left."""
        roots = []
        while start < end:
            level = (end - start).bit_length() - 1
            roots.append(self._perfect(level, start >> level))
            start += 1 << level
        return joined(roots)

    def _perfect(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree of `2**level` leaves, from its hashes in the highest tile that has them."""
        tile_level, height = divmod(level, HEIGHT)
        number, within = divmod(index << height, WIDTH)
        first = within * HASH_BYTES
        hashes = self._tile(tile_level, number)[first : first + (HASH_BYTES << height)]
        if len(hashes) != HASH_BYTES << height:
            raise TreeDamaged(f"Tile {number} of level {tile_level} of the tree does not hold what it should.")
        return perfect(hashes)


def grown(tile: Tile, size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change, by level and number, when leaves are added to a tree of a size."""
    changed = {}
    level, first, added = 0, size, list(leaves)
    while added:
        number, within = divmod(first, WIDTH)
        hashes = (tile(level, number) if within else b"") + b"".join(added)
        added = []
        for offset, start in enumerate(range(0, len(hashes), TILE_BYTES)):
            part = hashes[start : start + TILE_BYTES]
            changed[level, number + offset] = part
            if len(part) == TILE_BYTES:
                added.append(perfect(part))
        level, first = level + 1, number
    return changed


def _split(width: int) -> int:
    """The largest power of two below a width of at least two."""
    return 1 << (width - 1).bit_length() - 1
