"""A policy: whose word a reader goes by where claims rival. It leaves claims out; it changes no record and no fold."""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from application.projections.negotiations import NegotiationDocument
from application.stand import Stand
from application.view import Document
from domain.fact import Fact

POLICY_PATTERN = r"^(none|findings(:[a-z0-9]+(-[a-z0-9]+)*)?|account:[a-z0-9]+(-[a-z0-9]+)*)$"


class Policy(NamedTuple):
    """`none`; `findings`, of all policies or `findings:{policy}`; or the `account:{party}` of one party."""

    name: str
    keeps: Callable[[Stand], bool]

    def applied(self, document: Document) -> Document | None:
        """The document without the claims that are left out; none if it held nothing else."""
        seen: Document = _without(document, self.keeps)
        return None if seen is not document and getattr(seen, "history", None) == () else seen


def policy(name: str, negotiation: NegotiationDocument | None) -> Policy:
    """A policy by its name, for a negotiation: whoever represents a party speaks in its account."""
    kind, _, of = name.partition(":")
    if kind == "account":
        parties = negotiation.parties if negotiation else ()
        voices = {of, *(party.key for party in parties if party.represents == of)}
        return Policy(name, lambda stand: stand.claimant in voices)
    if kind == "findings":
        return Policy(name, lambda stand: all(f.preferred for f in stand.findings if of in ("", f.policy)))
    return Policy(name, lambda stand: True)


def _without(value: Any, keeps: Callable[[Stand], bool]) -> Any:
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
