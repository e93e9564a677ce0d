"""How fast a ledger folds: 100,000 steps of so many tranches, at once and in batches; records a second."""

import sys
import time
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

from application.projections import ledger
from application.view import Record
from domain.event import Envelope
from domain.money import Money
from domain.tranche import Tranche

STEPS = (
    *(Tranche.Pledged, Tranche.Selected, Tranche.Contracted),
    *(Tranche.CapitalCalled, Tranche.Drawn, Tranche.Distributed),
)
RECORDS = 100_000
RUNS = 3


def course(tranches: int) -> list[Record]:
    """Every tranche takes one step after the other, in two currencies."""
    records = []
    for number in range(RECORDS):
        one, step = uuid4(), STEPS[number // tranches % len(STEPS)]
        envelope = Envelope(
            id=one,
            negotiation="talks",
            key=f"t{number % tranches}",
            stream=one,
            version=1,
            occurred=f"20{25 + number % 4}-0{1 + number % 9}-1{number % 9}",
            recorded=datetime.now(UTC),
            recorded_by="bench",
            command=one,
            correlation=one,
        )
        money = Money(amount=str(1000 + number), currency="USD" if number % 3 else "JPY")
        facts = {"to": "north"} if step is Tranche.Distributed else {}
        records.append(Record(number, step(envelope=envelope, amount=money, **facts)))
    return records


def folded(records: list[Record], batch: int) -> float:
    began = time.perf_counter()
    document = None
    for start in range(0, RECORDS, batch):
        document = ledger.evolve_all(document, records[start : start + batch], "ledger")
    return RECORDS / (time.perf_counter() - began)


if __name__ == "__main__":
    records = course(int(sys.argv[1]))
    for batch in map(int, sys.argv[2:]):
        print(median(folded(records, batch) for _ in range(RUNS)))
