"""Fills the stock peer's store: `filling.py RECORDS LENGTH PREFIX`, as many negotiations as Parley's have."""

import random
import sys

from talks import Negotiation, Talks

from tests.bench.course import ISSUES, PARTIES, SOURCES, claim

TOGETHER = 200
"""About how many records share a transaction: with 2,000 the library's pipeline was seen to hang on PostgreSQL."""


def course(application: Talks, negotiation: str, seed: int, length: int) -> Negotiation:
    """A negotiation of some records: what stands at its beginning, and then claims alone. The last are not saved."""
    chance = random.Random(seed)
    talks = Negotiation(negotiation=negotiation, title=f"Talks {negotiation}")
    for kind, short, count in (("party", "p", PARTIES), ("issue", "i", ISSUES), ("source", "s", SOURCES)):
        for n in range(count):
            talks.name(f"{kind}/{short}{n}", f"The {kind} {n}")
    for n in range(talks.version, length):
        told = claim(negotiation, f"c{n}", "2024-06-01", chance)
        talks.make_claim(**{name: value for name, value in told.items() if name not in {"command", "negotiation"}})
        if n % TOGETHER == 0:
            application.save(talks)
    return talks


def main(records: int, length: int, prefix: str) -> None:
    application = Talks()
    at_once = max(1, TOGETHER // length)
    numbers = range(max(1, records // length))
    for start in numbers[::at_once]:
        some = numbers[start : start + at_once]
        application.save(*(course(application, f"{prefix}-{n}", n, length) for n in some))
    application.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
