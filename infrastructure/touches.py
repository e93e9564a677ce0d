"""Which records touch which documents: one that is folded anew needs no more of its negotiation than those."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable

from application.fold import Place, touched
from application.view import Record

TOUCHES_MAX = 500_000
"""How many are held: those of some 170,000 records, in some 90 MiB."""


class Touches:
    """By negotiation the positions of the records that touch each document, as amendments have left them.

    Those that were not asked for longest are let go.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[str, dict[Place, list[int]]] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._too_long = set[str]()
        self._count = 0

    def of(
        self, negotiation: str, places: Iterable[Place], read: Callable[[], Iterable[Record]]
    ) -> frozenset[int] | None:
        """The positions of the records that touch some documents of a negotiation, or none where it is too long.

        All its records are read when it is first asked for.
        """
        if negotiation not in self._held and negotiation not in self._too_long:
            self._held[negotiation], self._counts[negotiation] = defaultdict(list), 0
            self.follow(negotiation, read())
        held = self._held.get(negotiation)
        if held is None:
            return None
        self._held.move_to_end(negotiation)
        return frozenset(position for place in places for position in held.get(place, ()))

    def follow(self, negotiation: str, records: Iterable[Record]) -> None:
        """Take in more records of a negotiation, as they stand, if it is held."""
        held = self._held.get(negotiation)
        if held is None:
            return
        for record in records:
            places = touched(record)
            for _, place in places:
                held[place].append(record.position)
            self._counts[negotiation] += len(places)
            self._count += len(places)
            if self._counts[negotiation] > TOUCHES_MAX:
                self._too_long.add(negotiation)
                self.forget(negotiation)
                return
        while self._count > TOUCHES_MAX:
            self.forget(next(iter(self._held)))

    def forget(self, negotiation: str) -> None:
        self._held.pop(negotiation, None)
        self._count -= self._counts.pop(negotiation, 0)

    def clear(self) -> None:
        self._held.clear()
        self._counts.clear()
        self._count = 0
        self._too_long.clear()
