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
        self._too_long = set[str]()
        self._count = 0

    def of(
        self, negotiation: str, places: Iterable[Place], read: Callable[[], Iterable[Record]]
    ) -> frozenset[int] | None:
        """The positions of the records that touch some documents of a negotiation, or none where it is too long.

        All its records are read when it is first asked for.
        """
        if negotiation not in self._held and negotiation not in self._too_long:
            self._held[negotiation] = defaultdict(list)
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
            self._count += len(places)
            self._let_go()
            if negotiation not in self._held:
                return

    def forget(self, negotiation: str) -> None:
        self._count -= sum(map(len, self._held.pop(negotiation, {}).values()))

    def clear(self) -> None:
        self._held.clear()
        self._count = 0
        self._too_long.clear()

    def _let_go(self) -> None:
        """Let go of negotiations until there is room; of one that takes all of it, for good."""
        while self._count > TOUCHES_MAX:
            longest_ago = next(iter(self._held))
            if len(self._held) == 1:
                self._too_long.add(longest_ago)
            self.forget(longest_ago)
