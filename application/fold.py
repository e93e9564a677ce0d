"""The fold: which documents a record changes, and what a sequence of records adds up to in one."""

from collections.abc import Container, Sequence
from functools import cache
from typing import cast

from application import catalogue, projections
from application.view import AtOnce, Document, Record, View
from domain.event import DomainEvent
from domain.model import is_about

Place = tuple[str, str, str]
"""Where a document stands: the name of its view, its negotiation and its key."""


@cache
def all_views() -> tuple[View, ...]:
    """Every view, in the order of the names of their files."""
    return tuple(module.VIEW for module in catalogue.modules(projections))


def view_named(name: str) -> View:
    """One view by its name."""
    return next(view for view in all_views() if view.name == name)


@cache
def views_of(event: type[DomainEvent]) -> tuple[View, ...]:
    """The views that an event of a type can change."""
    return tuple(view for view in all_views() if is_about(event, view.of))


def touched(record: Record, views: Container[View] | None = None) -> list[tuple[View, Place]]:
    """The documents that a record changes, in some views or in all."""
    event = record.event
    negotiation = event.envelope.negotiation
    return [
        (view, (view.name, negotiation, key))
        for view in views_of(type(event))
        if views is None or view in views
        for key in view.keys(event)
    ]


def evolved(view: View, key: str, document: Document | None, records: Sequence[Record]) -> Document:
    """One document after at least one record, given in the order of their places."""
    if isinstance(view.evolve, AtOnce):
        return view.evolve.all(document, records, key)
    for record in records:
        document = view.evolve(document, record, key)
    return cast("Document", document)
