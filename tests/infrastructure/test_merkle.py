"""The tree: RFC 9162's own examples, the reference vectors of Certificate Transparency, and a second implementation."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from infrastructure.merkle import EMPTY, Frontier, Tree, TreeDamaged, grown, leaf_hash, node_hash

VECTORS = [bytes.fromhex(told) for told in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_of(leaves: list[bytes], *batches: int) -> Tree:
    """A tree in tiles, to which leaves' hashes were added in batches of some sizes, and then the rest."""
    tiles: dict[tuple[int, int], bytes] = {}

    def held(level: int, number: int) -> bytes:
        return tiles.get((level, number), b"")

    done = 0
    for batch in (*batches, len(leaves)):
        added = leaves[done : done + batch]
        tiles.update(grown(held, done, added))
        done += len(added)
    return Tree(held, done)


def is_included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2, word for word."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_consistent(first: int, second: int, path: list[bytes], first_root: bytes, second_root: bytes) -> bool:
    """RFC 9162, 2.1.4.2, word for word."""
    if first == second:
        return path == [] and first_root == second_root
    if not path:
        return False
    if first & (first - 1) == 0:
        path = [first_root, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\x01" + c + fr).digest(), sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


def test_the_examples_of_rfc_9162_hold() -> None:
    """Section 2.1.5: the tree of seven entries, and the proofs that it names by the letters of its nodes."""
    a, b, c, d, e, f, j = leaves = [leaf_hash(b"d%d" % n) for n in range(7)]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741  (as the standard names them)
    tree = tree_of(leaves)
    assert tree.root() == node_hash(k, l)
    assert tree.inclusion(0, 7) == [b, h, l]
    assert tree.inclusion(3, 7) == [c, g, l]
    assert tree.inclusion(4, 7) == [f, j, k]
    assert tree.inclusion(6, 7) == [i, k]
    assert tree.consistency(3, 7) == [c, d, g, l]
    assert tree.consistency(4, 7) == [l]
    assert tree.consistency(6, 7) == [i, j, k]
    assert (tree.root(3), tree.root(4), tree.root(6)) == (node_hash(g, c), k, node_hash(k, i))


def test_the_reference_vectors_of_certificate_transparency_hold() -> None:
    tree = tree_of([leaf_hash(vector) for vector in VECTORS])
    assert [tree.root(size).hex() for size in range(9)] == ROOTS
    assert [node.hex() for node in tree.inclusion(0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [node.hex() for node in tree.inclusion(5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [node.hex() for node in tree.inclusion(2, 3)] == [ROOTS[2]]
    assert [node.hex() for node in tree.inclusion(1, 5)] == [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]
    assert [node.hex() for node in tree.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [node.hex() for node in tree.consistency(2, 5)] == [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]
    assert tree.consistency(8, 8) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 100, 255, 256, 257, 300, 700])
def test_a_second_implementation_has_the_same_roots_and_proofs(size: int) -> None:
    """Its proofs of consistency go down to a leaf where those of RFC 9162 end at a node: they hold for our roots."""
    chance = random.Random(size)
    other = InmemoryTree(algorithm="sha256")
    for n in range(size):
        other.append_entry(b"entry %d" % n)
    leaves = [leaf_hash(b"entry %d" % n) for n in range(size)]
    tree = tree_of(leaves, *(chance.randrange(1, 90) for _ in range(5)))
    assert tree.root() == other.get_root()
    for index in {0, size - 1, *(chance.randrange(size) for _ in range(30))}:
        part = chance.randrange(index + 1, size + 1)
        theirs = other.prove_inclusion(index + 1, part)
        assert [theirs.path[0], *tree.inclusion(index, part)] == theirs.path
        verify_inclusion(leaves[index], tree.root(part), theirs)
        first = chance.randrange(1, part + 1)
        consistency = other.prove_consistency(first, part)
        verify_consistency(tree.root(first), tree.root(part), consistency)
        assert is_consistent(first, part, tree.consistency(first, part), tree.root(first), tree.root(part))


@settings(deadline=None)
@given(st.data())
def test_every_proof_holds_and_no_other_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    leaves = [leaf_hash(b"%d" % n) for n in range(size)]
    tree = tree_of(leaves, *data.draw(st.lists(st.integers(0, 300), max_size=4)))
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    assert frontier.root() == tree.root()
    second = data.draw(st.integers(1, size))
    first, index = data.draw(st.integers(1, second)), data.draw(st.integers(0, second - 1))
    path, root = tree.inclusion(index, second), tree.root(second)
    assert is_included(leaves[index], index, second, path, root)
    assert not is_included(leaf_hash(b"another"), index, second, path, root)
    assert not is_included(leaves[index], index, second, [*path, root], root)
    proof = tree.consistency(first, second)
    assert is_consistent(first, second, proof, tree.root(first), root)
    assert not is_consistent(first, second, proof, EMPTY, root)
    if proof:
        wrong = [*proof[:-1], EMPTY]
        assert not is_consistent(first, second, wrong, tree.root(first), root)


def test_a_tile_that_is_not_there_is_noticed() -> None:
    tree = Tree(lambda level, number: b"", 300)
    for ask in (tree.root, lambda: tree.inclusion(2, 300), lambda: tree.leaf(12)):
        with pytest.raises(TreeDamaged):
            ask()
    assert Frontier().root() == Tree(lambda level, number: b"", 0).root() == EMPTY
