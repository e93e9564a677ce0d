"""Paths name the entries of a list so that people know them again."""

from application.binding import PairStanding
from application.path import at, differing, names


def pair(one: str, other: str, in_force: bool) -> PairStanding:
    return PairStanding(parties=(one, other), in_force=in_force, since=None)


def test_a_pair_is_named_by_both_of_its_parties() -> None:
    before = (pair("eu", "japan", False), pair("eu", "us", False))
    after = (pair("eu", "japan", False), pair("eu", "us", True))
    assert names(after) == ["eu/japan", "eu/us"]
    assert list(differing(before, after, "pairs")) == [("pairs[eu/us].in_force", False, True)]
    assert at(after, "[eu/us].in_force") is True
