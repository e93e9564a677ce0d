"""Upcasters: what an older version of an event becomes in the next one, as its record is read. Nothing is rewritten.

An upcaster is a pure function from the JSON object of one version to that of the next, without the version itself. An
event whose stored form changes gets the next `VERSION`, and here what makes that of the one before:

    ("Claim.Made", 1): lambda told: told | {"certainty": "certain"},

A field that is optional and has a default needs no new version: an older record does without it, and what older code
leaves out is in the log all the same. Where older code must not go without it, raise the version of the log's tables,
in `log_tables.TABLES`.

The changes of a correction are told in the names that its record's fields had then. A field that is renamed needs a
new version of `Record.Corrected` as well, whose upcaster goes by the `kind` of stream.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Told = dict[str, Any]
Upcaster = Callable[[Told], Told]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = MappingProxyType({})
"""By the name of a type and a version of it, what makes the next version."""


def upcast(told: Told, topic: str, version: int, upcasters: Mapping[tuple[str, int], Upcaster]) -> Told:
    """The JSON object of a record as one of a later version, the one that is current."""
    for step in range(told.pop("schema", 1), version):
        told = upcasters[topic, step](told)
    return told
