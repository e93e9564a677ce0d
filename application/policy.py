"""A policy: whose word a reader goes by where claims rival. It leaves claims out; it changes no record and no fold."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import Field

from application.projections.negotiations import NegotiationDocument
from application.stand import Stand
from application.view import Document, View
from domain.amendment import Corrected
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding
from domain.text import SLUG

PolicyName = Annotated[
    str,
    Field(
        pattern=rf"^(none|findings(:{SLUG})?|account:{SLUG})$",
        max_length=100,
        description="`none`; `findings`, without the claims that findings set aside (`findings:{policy}` for those "
        "of one policy); or `account:{party}`, with the claims of one party and its offices alone",
    ),
]


Policy = Callable[[Stand], bool]
"""Which claims are kept."""


def policy(name: str, negotiation: NegotiationDocument | None) -> Policy:
    """A policy by its name, for a negotiation: whoever represents a party speaks in its account."""
    kind, _, of = name.partition(":")
    if kind == "account":
        parties = negotiation.parties if negotiation else ()
        voices = {of, *(party.key for party in parties if party.represents == of)}
        return lambda stand: stand.claimant in voices
    if kind == "findings":
        return lambda stand: all(f.preferred for f in stand.findings if of in ("", f.policy))
    return lambda stand: True


def policies(event: DomainEvent) -> Iterator[str]:
    """The policies that an event names: under which a finding is made, also as that is corrected."""
    if isinstance(event, Finding.Made):
        yield event.policy
    if isinstance(event, Corrected) and event.kind == Finding.KIND and "policy" in event.changes:
        yield event.changes["policy"]


def applied(keeps: Policy, document: Document, view: View) -> Document | None:
    """The document without the claims that are left out; none if nothing is left to show."""
    seen: Document = _without(document, keeps)
    if seen is document:
        return document
    seen = view.reviewed(seen)
    return seen if view.index(seen).shown else None


def _without(value: Any, keeps: Policy) -> Any:
    """A value without the claims that are not kept; the same object where it holds none of them."""
    if isinstance(value, Stand):
        return value if keeps(value) else None
    if isinstance(value, tuple):
        after = tuple(kept for item in value if (kept := _without(item, keeps)) is not None or item is None)
        return value if len(after) == len(value) and all(a is b for a, b in zip(after, value, strict=True)) else after
    if isinstance(value, Fact):
        changed = {}
        for name in value.__struct_fields__:
            before = getattr(value, name)
            after = _without(before, keeps)
            if after is not before:
                changed[name] = after
        return replace(value, **changed) if changed else value
    return value
