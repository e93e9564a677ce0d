"""The short form of `make faults`, and that it would notice."""

from shutil import rmtree

import pytest

from tests.faults.campaign import STORES, campaign
from tests.faults.kinds import Fault
from tests.faults.site import Site

SEED = 5


@pytest.mark.parametrize("store", STORES)
def test_nothing_acknowledged_is_lost_whatever_is_killed(store: str) -> None:
    report = campaign(store, kills=3, seed=SEED)
    assert report.found.all == []
    assert report.kills == 3
    assert report.found.records > 100


def kill_recorders(site: Site) -> None:
    """Right after an answer: by then the records should be on disk."""
    site.load.goes_on(1, seconds=10)
    for recorder in site.recorders:
        recorder.kill()


@pytest.mark.parametrize("store", STORES)
def test_a_build_that_acknowledges_before_the_commit_is_noticed(store: str) -> None:
    def killing(site: Site) -> list[Fault]:
        return [Fault("all recorders killed", 1, kill_recorders, kills=True)]

    report = campaign(store, kills=1, seed=SEED, faults=killing, early=True)
    assert report.found.lost
    assert report.folder
    rmtree(report.folder)
