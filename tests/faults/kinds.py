"""What happens to the site: one function for each kind of fault, at a random moment of the load."""

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.faults.severing import POINTS
from tests.faults.site import Site
from tests.faults.stores import PostgresStore

TAKEOVER_SECONDS = 5.0
FULL_SECONDS = 20
JUMPS = -259_200, -3_600, -1.5, 0, 1.5, 3_600, 259_200
"""Seconds."""


class Fault(NamedTuple):
    """A kind of fault; `weight` says how often it happens beside the others."""

    name: str
    weight: int
    strike: Callable[[Site], None]
    kills: bool = False
    """Whether a process is killed."""


def kill_recorder(site: Site) -> None:
    site.chance.choice(site.recorders).kill()


def kill_projector(site: Site) -> None:
    """The one that keeps the views: the standby has to take over."""
    site.mend()
    site.see_ready(site.projectors)
    leader = site.store.leader(site.projectors)
    killed = leader or site.chance.choice(site.projectors)
    killed.kill()
    if leader:
        site.took_over.append(site.see_views_at(site.head(), TAKEOVER_SECONDS))


def kill_rebuild(site: Site) -> None:
    """Views that are made anew beside those that serve, up to some point."""
    rebuild, seconds = site.process("rebuild", "-m", "interfaces", "rebuild"), site.chance.uniform(0.8, 2.5)
    rebuild.start()
    time.sleep(seconds)
    while rebuild.ended is not None:  # it was done by then: earlier in the next
        seconds *= 0.8
        rebuild.start()
        time.sleep(seconds)
    rebuild.kill()


def stop_server(site: Site) -> None:
    """At once, and started again a moment later."""
    server = _postgres(site).server
    server.stop_at_once()
    time.sleep(site.chance.uniform(0, 0.5))
    server.start()


def cut_at(point: str) -> Callable[[Site], None]:
    def cut(site: Site) -> None:
        if not _postgres(site).proxy.cut_at(POINTS[point], seconds=5):
            site.wrong.append(f"no connection could be cut at {point}")

    return cut


def cut_all(site: Site) -> None:
    _postgres(site).proxy.cut_all()


def end_sessions(site: Site) -> None:
    """By the server itself: of a recorder or a projector."""
    name = site.chance.choice(site.processes).name
    _postgres(site).server.ask(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"
    )


def fill_disk(site: Site) -> None:
    """Writes find no room until there is some again; reads go on."""
    site.see_serving()
    before, alive = site.load.full, site.processes
    site.store.fill_disk(alive, site.chance.uniform(0.1, 0.9))
    try:
        deadline = time.monotonic() + FULL_SECONDS
        while site.load.full == before:
            if time.monotonic() > deadline:
                site.wrong.append(f"nobody was told within {FULL_SECONDS} s that the disk is full")
                return
            time.sleep(0.02)
        _see_reads_go_on(site)
    finally:
        site.store.empty_disk(alive)


def _see_reads_go_on(site: Site) -> None:
    for number, recorder in enumerate(site.recorders):
        if (status := site.readiness(number)) != 200:
            site.wrong.append(f"while the disk was full, {recorder.name} answered a read with {status}")


def jump_clock(site: Site) -> None:
    number = site.chance.randrange(len(site.recorders))
    new = site.clock(number).with_suffix(".new")
    new.write_text(str(site.chance.choice(JUMPS)))
    os.replace(new, site.clock(number))


def _postgres(site: Site) -> PostgresStore:
    assert isinstance(site.store, PostgresStore)
    return site.store


EVERYWHERE = (
    Fault("recorder killed", 6, kill_recorder, kills=True),
    Fault("projector killed", 3, kill_projector, kills=True),
    Fault("rebuild killed", 1, kill_rebuild, kills=True),
    Fault("disk full", 1, fill_disk),
    Fault("clock jumped", 1, jump_clock),
)
ON_POSTGRESQL = (
    Fault("PostgreSQL stopped at once", 3, stop_server, kills=True),
    *(Fault(f"connection cut at {point}", 1, cut_at(point)) for point in POINTS),
    Fault("all connections cut", 1, cut_all),
    Fault("sessions ended by the server", 1, end_sessions),
)


def faults_on(site: Site) -> list[Fault]:
    """What can happen to this site."""
    found = [*EVERYWHERE, *(ON_POSTGRESQL if isinstance(site.store, PostgresStore) else ())]
    return [fault for fault in found if fault.strike is not fill_disk or site.store.can_be_full]
