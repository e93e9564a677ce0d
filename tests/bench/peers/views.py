"""The stock peer's view: where everybody stands, a row for each claimant and subject.

As the library's documentation has it, each event is processed by itself, and the row is written in one transaction
with the position that was reached.
"""

import json
from typing import Any

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import get_topic
from psycopg.sql import SQL
from talks import Negotiation

TABLES = "positions", "positions_tracking", "tracking"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS positions (negotiation TEXT, subject TEXT, claimant TEXT, value TEXT, claims INTEGER,"
    " PRIMARY KEY (negotiation, subject, claimant))"
)
_PUT = (
    "INSERT INTO positions VALUES (?, ?, ?, ?, 1) ON CONFLICT (negotiation, subject, claimant)"
    " DO UPDATE SET value = excluded.value, claims = positions.claims + 1"
)


class SqlitePositions(SQLiteTrackingRecorder):
    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), _TABLE]

    def put(self, row: tuple[str, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(_PUT, row)


class PostgresPositions(PostgresTrackingRecorder):
    def __init__(self, datastore: Any, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(SQL(_TABLE).format())

    def put(self, row: tuple[str, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(_PUT.replace("?", "%s"), row, prepare=True)


class Positions(Projection[Any]):
    name = "positions"
    topics = (get_topic(Negotiation.ClaimMade),)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register
    def claim_made(self, made: Negotiation.ClaimMade, tracking: Tracking) -> None:
        row = str(made.originator_id), made.subject, made.claimant, json.dumps(made.facts["value"])
        self.view.put(row, tracking)
