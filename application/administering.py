"""Administering: whose keys and people an administrator may change.

An administrator handles people and keys, not content, and may therefore give others any role: also one that it does not
have itself. It may give itself none: what a person is granted another changes, and what a key is granted nobody does.
That a second key can be had in one's own hand no rule prevents; each change is kept with who made it.

An administrator of some negotiations alone changes those who have grants there and nowhere else. It gives no groups,
since these reach across negotiations, and takes nothing that it could not give.
"""

from collections.abc import Iterable

from application.access import Identity


def may_change(identity: Identity, operation: str, grants: Iterable[str], groups: Iterable[str]) -> bool:
    """Whether all that is or would be granted to somebody is this identity's to give and to take."""
    where = identity.where(operation)
    if where is None:
        return True
    return not any(groups) and all(grant.partition(":")[2] in where for grant in grants)
