"""Makes the stock peer's view anew; prints the seconds and the peak memory of this process, in MiB."""

import json
import os
import sqlite3
import time
from collections.abc import Callable

import psycopg
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.projection import ProjectionRunner
from eventsourcing.system import NotificationLogReader
from eventsourcing.utils import Environment
from talks import Talks
from views import TABLES, Positions, PostgresPositions, SqlitePositions

from tests.bench.processes import LONGEST_SECONDS, peak_mib

SECTION = 100


def on_sqlite() -> None:
    """The library's runner does not run on SQLite, whose recorder has no subscription: the notifications are pulled."""
    talks = Talks()
    talks.notification_log.section_size = SECTION
    views = InfrastructureFactory.construct(Environment(Positions.name, dict(os.environ)))
    positions = Positions(views.tracking_recorder(SqlitePositions))
    reader = NotificationLogReader(talks.notification_log, section_size=SECTION)
    for section in reader.select(start=1, topics=Positions.topics):
        for notification in section:
            made = talks.mapper.to_domain_event(notification)
            positions.process_event(made, Tracking(talks.name, notification.id))


def on_postgres(last: int) -> None:
    with ProjectionRunner(application_class=Talks, projection_class=Positions, view_class=PostgresPositions) as runner:
        runner.wait(last, timeout=LONGEST_SECONDS)


def emptied() -> Callable[[], None]:
    """The work, on a store that has no view any more."""
    if file := os.environ.get("SQLITE_DBNAME"):
        connection = sqlite3.connect(file, isolation_level=None)
        for table in TABLES:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.close()
        return on_sqlite
    told = {name: os.environ[f"POSTGRES_{name.upper()}"] for name in ("dbname", "host", "port", "user")}
    with psycopg.connect(**told) as server:
        server.execute(f"DROP TABLE IF EXISTS {', '.join(TABLES)}")
        sql = "SELECT max(notification_id) FROM talks_events WHERE topic = %s"
        (last,) = server.execute(sql, Positions.topics).fetchone() or (0,)
    return lambda: on_postgres(last)


if __name__ == "__main__":
    work = emptied()
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start, "mib": peak_mib()}))
