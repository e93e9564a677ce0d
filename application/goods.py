"""Goods: what is asked for by a name or a code of the Harmonized System, and how narrowly a rate is on it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated, NamedTuple

from pydantic import Field

from domain.refusal import Refused
from domain.tariff import CODE, Goods, Tariff, covers, ends, overlaps
from domain.text import SLUG

_CODE = re.compile(CODE)
_BY_NAME = 100
"""How narrow goods are that were asked for by their name; by a code it is the number of its digits."""
Product = Annotated[
    str,
    Field(
        pattern=rf"^({SLUG}|{CODE})$",
        max_length=80,
        description="goods, by a name of the schedule, such as `mobile-phones`, or a code of the Harmonized System",
        examples=["beef", "8703.23"],
    ),
]


class NoSuchGoods(Refused):
    """The schedule has no goods of this name; ask for one that it has, by a code of the Harmonized System, or without
    any: then the rate on all other goods is in the answer, too.
    """


class AskedGoods(NamedTuple):
    """The goods asked for: codes with the edition that each is of, where one is told."""

    name: str | None
    codes: tuple[tuple[str, str | None], ...]

    @property
    def called(self) -> str | None:
        """Their name or code; none for goods on which there is no rate of their own."""
        return self.name or (self.codes[0][0] if self.codes else None)


class Match(NamedTuple):
    """How narrowly a rate is on goods, below 0 where it is not, or where it cannot be said: `against` says why."""

    narrow: int
    against: str | None


def asked_goods(tariffs: Iterable[Tariff], product: str | None, edition: str | None) -> list[AskedGoods]:
    """The goods of a name or code; without one, all that some tariffs are on."""
    named: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    bare: set[tuple[str, str | None]] = set()
    general = False
    for tariff in tariffs:
        general = general or not tariff.goods
        for goods in tariff.goods:
            codes = {(code, goods.edition) for code in goods.codes}
            (named[goods.name] if goods.name else bare).update(codes)
    if product is None:
        told = [AskedGoods(name, tuple(sorted(codes))) for name, codes in sorted(named.items())]
        return [*told, *(AskedGoods(None, (code,)) for code in sorted(bare)), *([AskedGoods(None, ())] * general)]
    if _CODE.fullmatch(product):
        return [AskedGoods(None, ((product, edition),))]
    if product not in named:
        raise NoSuchGoods(f"{product} (known are: {', '.join(sorted(named)) or 'none'})", "product")
    return [AskedGoods(product, tuple(sorted(named[product])))]


def with_codes(tariffs: Iterable[Tariff]) -> dict[str, list[Goods]]:
    """The goods that have both a name and codes, by their names."""
    found: dict[str, list[Goods]] = defaultdict(list)
    for goods in (goods for tariff in tariffs for goods in tariff.goods):
        if goods.name and goods.codes:
            found[goods.name].append(goods)
    return found


def match(tariff: Tariff, goods: AskedGoods, spelled_out: Mapping[str, Sequence[Goods]]) -> Match:
    """Whether a tariff is one on some goods; goods that it names alone have the codes that are told elsewhere."""
    narrow = -1 if tariff.goods else 0
    against = None
    named = ([told] if told.codes else spelled_out.get(told.name or "", [told]) for told in tariff.goods)
    for told in chain.from_iterable(named):
        if told.name and told.name == goods.name:
            narrow = _BY_NAME
        elif told.codes and goods.codes:
            narrow = max(narrow, min(_digits(told, code, edition) for code, edition in goods.codes))
            if any(overlaps(known, code) for known in told.codes for code, _ in goods.codes):
                against = f"it is on {', '.join(told.codes)} of {told.edition}, {_not_all(told, goods)}"
        elif goods.codes and not goods.name:
            against = f"it is on {told.name}, for which no codes are on record"
    return Match(narrow, against if narrow < 0 else None)


def _not_all(told: Goods, goods: AskedGoods) -> str:
    others = sorted({edition for _, edition in goods.codes if edition not in (None, told.edition)})
    return f"and codes of {others[0]} may be of other goods" if others else "which is not all of what is asked for"


def _digits(told: Goods, code: str, edition: str | None) -> int:
    """To how many digits goods have a code; below 0 where they do not have all of it."""
    if edition not in (None, told.edition):
        return -1
    return max((len(ends(known)[0]) for known in told.codes if covers(known, code)), default=-1)
