"""Access: who asks, what each role may do, and the one table that says which operation is whose.

Roles are granted per negotiation, or for all as `*`. Groups say which restricted records one may see.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field

from application.command import all_commands
from application.listing import ACROSS, ALONE, WITHIN
from application.unseen import Sight
from domain.text import SLUG, Slug

Role = Literal["reader", "recorder", "analyst", "auditor", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
EVERY = "*"
"""Stands for all negotiations in a grant, also those that are not open yet."""

Grant = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(ROLES)}):(\*|{SLUG})$",
        max_length=100,
        description="a role and the negotiation that it is for, or `*` for all",
        examples=["recorder:japan-us-2025", "auditor:*"],
    ),
]
Group = Slug

_READS = frozenset[Role]({"reader", "recorder", "analyst", "auditor"})
_RECORDS = frozenset[Role]({"recorder"})
_RULES = frozenset[Role]({"analyst"})
_RESTRICTS = frozenset[Role]({"recorder", "analyst"})
"""A recorder only what it took down itself."""
_AUDITS = frozenset[Role]({"auditor"})
_ADMINISTERS = frozenset[Role]({"administrator"})
_OPERATES = frozenset[Role]({"auditor", "administrator"})

_RULINGS = ("make-finding", "revoke-finding", "correct-record", "retract-record")
"""The commands of analysts: what rules on claims, or puts right what was taken down."""
_ADMINISTER = ("list-keys", "create-key", "revoke-key", "list-people", "set-person", "remove-person")


@cache
def operations() -> Mapping[str, frozenset[Role]]:
    """Which roles may do what: commands by their names, and all else by the names of its HTTP operations."""
    read = (
        *(f"list-{view}" for view in ACROSS),
        *(f"list-{view}-of-negotiation" for view in WITHIN),
        *(f"show-{view}" for view in ("negotiation", *ALONE, *WITHIN)),
        *("list-records", "show-record", "suppose", "show-diff", "show-grounds", "show-reliance"),
        *("list-tariffs", "show-split", "show-sum", "show-calendar"),
        *("show-latest-checkpoint", "list-checkpoints", "prove-inclusion", "prove-consistency"),
    )
    return MappingProxyType(
        {name: _RULES if name in _RULINGS else _RECORDS for name in all_commands()}
        | {"restrict-record": _RESTRICTS}
        | dict.fromkeys(read, _READS)
        | dict.fromkeys(_ADMINISTER, _ADMINISTERS)
        | {"list-reads": _AUDITS, "metrics": _OPERATES, "readiness-in-full": _OPERATES}
    )


OPEN = frozenset({"healthy", "ready"})
"""What needs no identity: it tells nothing of what is on record."""


class Identity(NamedTuple):
    """Who asks, as it was verified: `roles` are by negotiation."""

    name: str
    roles: Mapping[str, frozenset[Role]]
    groups: frozenset[str] = frozenset()
    everything: bool = False

    def may(self, operation: str, negotiation: str) -> bool:
        """Whether one of its roles in a negotiation may do something there. With `*`: in all of them."""
        return not self._held(negotiation).isdisjoint(operations().get(operation, frozenset()))

    def may_anywhere(self, operation: str) -> bool:
        """Whether there is a negotiation in which it may."""
        return any(self.may(operation, negotiation) for negotiation in self.roles)

    def where(self, operation: str) -> frozenset[str] | None:
        """The negotiations in which it may: `None` is all of them, and an empty set is nowhere."""
        if self.may(operation, EVERY):
            return None
        return frozenset(negotiation for negotiation in self.roles if self.may(operation, negotiation))

    def sight(self, negotiation: str) -> Sight:
        """Which restricted records it may see in a negotiation: an auditor sees all."""
        return Sight(self.everything or "auditor" in self._held(negotiation), self.groups)

    def _held(self, negotiation: str) -> frozenset[Role]:
        return self.roles.get(EVERY, frozenset()) | self.roles.get(negotiation, frozenset())


OPERATOR = "operator"
"""Who records at the store itself: an erasure is recorded under this name."""
LOCAL = Identity("local", {EVERY: frozenset(ROLES)}, everything=True)
"""Who asks where there are no identities: whoever has the store at hand."""


def granted(grants: tuple[str, ...]) -> dict[str, frozenset[Role]]:
    """Roles by negotiation, from grants such as `recorder:japan-us-2025`."""
    roles: dict[str, set[Role]] = {}
    for grant in grants:
        role, _, negotiation = grant.partition(":")
        roles.setdefault(negotiation, set()).add(role)  # type: ignore[arg-type]
    return {negotiation: frozenset(held) for negotiation, held in roles.items()}
