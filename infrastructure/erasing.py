"""Erasing: a subject's key is destroyed in the transaction that records it, and then all that is left in the files.

So there is no moment at which one is done without the other. What a crash leaves of the rest is remembered in the log,
and the next erasure finishes it first.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import uuid_utils.compat
from pydantic import TypeAdapter

from application.access import OPERATOR
from application.erasing import RecordErasure
from application.registrar import Submission
from application.sights import Sights
from application.unseen import Under
from domain.erasure import NamedInReason
from domain.text import UNSPACED
from infrastructure.committer import Committer, Request
from infrastructure.database import Database, StoreDamaged, StoreRefused
from infrastructure.log import Log
from infrastructure.projector import Projector
from infrastructure.subjects import Concerned, alike
from infrastructure.view_store import ViewStore


class Made(NamedTuple):
    """What an erasure came to: how many records were erased, in how many a name was, and in which negotiations."""

    records: int
    named_in: int
    negotiations: list[str]


class Eraser:
    """Works on the store itself, beside all that serve from it."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._log = Log(database)

    def erase(self, name: str, reason: str) -> Made | None:
        """Destroy the key of a name, and record it; nothing where nobody has this name. `finish` does the rest.

        Raises `NamedInReason`.
        """
        letter = rf"[^\W{UNSPACED}]"  # before or after which a name is not that name
        if re.search(rf"(?<!{letter}){re.escape(alike(name))}(?!{letter})", alike(reason), re.IGNORECASE):
            raise NamedInReason("--reason", "reason")
        with self._log.appending():
            subjects, sights = self._log.subjects.find(name), Sights(self._log.of, self._log.restricted())
            concerned = [one for subject in subjects for one in self._erased(subject, sights, reason)]
        if not subjects:
            return None
        whole = {one.record for one in concerned if one.whole}
        negotiations = list(dict.fromkeys(one.negotiation for one in concerned))
        return Made(len(whole), len({one.record for one in concerned} - whole), negotiations)

    def _erased(self, subject: str, sights: Sights, reason: str) -> list[Concerned]:
        """What was erased with a subject's key. Of what not everybody may see there is an erasure of its own."""
        concerned, now = self._log.subjects.concerned(subject), self._clock()
        if not concerned:
            raise StoreDamaged("the index of data subjects does not say which records hold this name")
        of: dict[tuple[str, Under], list[Concerned]] = defaultdict(list)
        for one in concerned:
            of[one.negotiation, sights.under(one.negotiation, UUID(one.record), now)].append(one)
        requests = [self._request(negotiation, subject, own, reason) for (negotiation, _), own in of.items()]
        for outcome in Committer(self._log, self._clock).commit(requests):
            if isinstance(outcome, Exception):
                raise outcome
        self._log.subjects.destroy(subject)
        return concerned

    def finish(self) -> bool:
        """Leave nothing in the files of what was erased; whether there was anything. Safe to do again.

        Raises `Superseded` where another version of the code keeps the views.
        """
        unfinished = self._log.subjects.unfinished()
        if unfinished:
            self._log.subjects.purge()
            self._purge_views()
            self._log.subjects.finish(unfinished)
        return bool(unfinished)

    def _request(self, negotiation: str, subject: str, concerned: list[Concerned], reason: str) -> Request:
        whole = [one.record for one in concerned if one.whole]
        told = {
            "negotiation": negotiation,
            "erasure": f"{subject}-{uuid4().hex[:8]}",
            "records": whole,
            "named_in": [one.record for one in concerned if not one.whole and one.record not in whole],
            "reason": reason,
            "occurred": self._clock().strftime("%Y-%m-%dT%H:%MZ"),
        }
        body = TypeAdapter(RecordErasure.body()).validate_python(told)
        return Request([Submission(RecordErasure, body, OPERATOR, uuid_utils.compat.uuid7())])

    def _purge_views(self) -> None:
        """The views are folded up to here, by this process or the one that keeps them, and their files written anew."""
        with closing(ViewStore(self._database)) as store:
            if store.serving() is None:
                return
            if not store.rebuilds():
                raise StoreRefused("The views are being made anew; repeat this when that is done.")
            with store.transaction():
                store.give_up()
            with closing(Projector(self._database, self._clock)) as projector:
                projector.catch_up()
            store.purge()

    def close(self) -> None:
        self._log.close()
