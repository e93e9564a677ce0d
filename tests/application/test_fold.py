"""The views are one fold: in whatever order and batches records arrive, live documents equal a naive replay."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from application import replay as replaying
from application.command import all_commands
from application.fold import all_views, view_named
from application.projections.flags import IMPOSSIBLE
from application.registrar import Submission
from application.replay import History
from application.view import Record, served
from domain.refusal import Refused
from infrastructure import filling, folding, touches
from infrastructure.committer import Committer, Request
from infrastructure.documents import unpacked
from infrastructure.log import Log
from infrastructure.projector import Projector
from infrastructure.serialization import encode, encode_document
from infrastructure.sqlite import SqliteDatabase
from interfaces.show import table
from tests.application.naive import replay

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FACTS = [
    ("add-party", {"party": "south", "name": "South", "kind": "state"}),
    ("withdraw-party", {"party": "south"}),
    ("raise-issue", {"issue": "fish", "title": "Fish"}),
    ("settle-issue", {"issue": "fish", "terms": "Half."}),
    ("reopen-issue", {"issue": "fish"}),
    ("link-issue", {"issue": "fish", "to": "coal"}),
    ("set-objective", {"objective": "peace", "text": "Peace.", "party": "north"}),
    ("suspend-negotiation", {}),
    ("resume-negotiation", {}),
    ("set-deadline", {"deadline": "soon", "title": "Soon", "due": "2026-07"}),
    ("revise-deadline", {"deadline": "soon", "due": "2026-08"}),
    ("record-deadline-outcome", {"deadline": "soon", "outcome": "met"}),
    ("schedule-round", {"round": "1", "planned_start": "2026-01-05", "planned_end": "2026-01-06"}),
    ("open-round", {"round": "1", "place": "Here"}),
    ("extend-round", {"round": "1", "planned_end": "2026-12-31"}),
    ("close-round", {"round": "1", "outcome": "None."}),
    ("cancel-round", {"round": "1"}),
    ("hold-session", {"session": "s1", "form": "call", "round": "1", "participants": [{"party": "north"}]}),
    ("hold-session", {"session": "s2", "form": "call"}),
    ("issue-joint-statement", {"statement": "j", "parties": ["north"], "text": "Both.", "round": "1"}),
    ("table-proposal", {"proposal": "p", "party": "north", "title": "P", "text": "P.", "round": "1"}),
    ("table-proposal", {"proposal": "p", "party": "north", "title": "P", "text": "P.", "to": ["south"]}),
    ("answer-proposal", {"proposal": "p", "party": "south", "answer": "rejected"}),
    ("answer-proposal", {"proposal": "p", "party": "north", "answer": "accepted-in-part"}),
    ("table-proposal", {"proposal": "p", "party": "south", "title": "P", "text": "P.", "to": ["judge"]}),
    ("add-party", {"party": "judge", "name": "Judge", "kind": "person", "role": "mediator"}),
    ("record-vote", {"vote": "v1", "body": "House", "outcome": "carried", "in_favour": "5", "against": "9",
                     "about": "agreement/deal", "by_party": [{"party": "north", "voted": "against"}]}),
    ("record-vote", {"vote": "v2", "body": "House", "outcome": "defeated", "about": "proposal/p", "party": "north"}),
    ("record-vote", {"vote": "v2", "body": "House", "outcome": "inquorate", "about": "provision/deal/rate"}),
    ("make-claim", {"claim": "c0", "kind": "report", "claimant": "north", "subject": "vote/v1/amount"}),
    ("make-claim", {"claim": "c1", "kind": "position", "claimant": "north", "subject": "issue/fish"}),
    ("make-claim", {"claim": "c2", "kind": "position", "claimant": "north", "subject": "issue/fish"}),
    ("make-claim", {"claim": "c3", "kind": "reading", "claimant": "north", "subject": "provision/deal/rate"}),
    ("make-claim", {"claim": "c4", "kind": "report", "claimant": "north", "subject": "session/s1/membership"}),
    ("make-claim", {"claim": "c5", "kind": "report", "claimant": "north", "subject": "tranche/t1/amount"}),
    ("make-claim", {"claim": "c6", "kind": "reading", "claimant": "north", "subject": "agreement/deal/binding"}),
    ("make-claim", {"claim": "c7", "kind": "report", "claimant": "north", "subject": "deadline/soon/status"}),
    ("withdraw-claim", {"claim": "c1"}),
    ("add-provision", {"agreement": "deal", "provision": "cap", "title": "Cap", "kind": "investment", "text": "-",
        "value": {"type": "cap", "on": "called", "zone": "Asia/Tokyo",
            "amount": {"amount": "5", "currency": "USD", "per": "year"}}}),
    ("remove-provision", {"agreement": "deal", "provision": "cap"}),
    ("amend-provision", {"agreement": "deal", "provision": "cap", "text": "-", "sunset": "2026-02"}),
    ("amend-provision", {"agreement": "deal", "provision": "cap", "text": "-", "binds": ["south"]}),
    ("call-capital", {"tranche": "t1", "amount": {"amount": "6", "currency": "USD"}}),
    ("return-funds", {"tranche": "t1", "rung": "drawn", "amount": {"amount": "2", "currency": "USD"}}),
    ("withdraw-claim", {"claim": "c3"}),
    ("draft-agreement", {"agreement": "deal", "title": "Deal", "form": "treaty", "parties": ["north", "south"]}),
    ("draft-agreement", {"agreement": "pact", "title": "Pact", "form": "treaty", "parties": ["north"],
                         "supersedes": ["deal"]}),
    ("sign-agreement", {"agreement": "deal", "parties": ["north"]}),
    ("bring-into-force", {"agreement": "deal", "parties": ["north", "south"]}),
    ("bring-into-force", {"agreement": "deal", "parties": ["north"], "toward": ["south"]}),
    ("suspend-agreement", {"agreement": "deal"}),
    ("suspend-agreement", {"agreement": "deal", "parties": ["south"], "toward": ["north"]}),
    ("resume-agreement", {"agreement": "deal"}),
    ("amend-agreement", {"agreement": "deal", "text": "More."}),
    ("withdraw-from-agreement", {"agreement": "deal", "parties": ["south"]}),
    ("terminate-agreement", {"agreement": "deal"}),
    ("add-provision", {"agreement": "deal", "provision": "rate", "title": "R", "kind": "tariff", "text": "15.",
                       "binds": ["north", "south"]}),
    ("amend-provision", {"agreement": "deal", "provision": "rate", "text": "10."}),
    ("amend-provision", {"agreement": "deal", "provision": "rate", "text": "10.", "binds": ["south"]}),
    ("suspend-provision", {"agreement": "deal", "provision": "rate"}),
    ("resume-provision", {"agreement": "deal", "provision": "rate"}),
    ("remove-provision", {"agreement": "deal", "provision": "rate"}),
    ("pledge-tranche", {"tranche": "t1", "amount": {"amount": "100", "currency": "USD"}}),
    ("select-tranche", {"tranche": "t1", "amount": {"amount": "40.50", "currency": "USD"}, "part_of": "t2"}),
    ("propose-tranche", {"tranche": "t2", "title": "Two"}),
    ("pledge-tranche", {"tranche": "t2", "amount": {"amount": "60", "currency": "USD"}, "rung": "commitment",
                        "revolving": True}),
    ("complete-tranche", {"tranche": "t2"}),
    ("pledge-tranche", {"tranche": "t3", "amount": {"amount": "6", "currency": "USD", "per": "year", "until": "2026"}}),
    ("pledge-tranche", {"tranche": "t4", "amount": {"amount": "5", "currency": "USD", "per": "year", "until": "2025"}}),
    ("select-tranche", {"tranche": "t5", "amount": {"amount": "4", "currency": "USD", "per": "year", "begins": "2026"}}),
    ("resize-tranche", {"tranche": "t1", "rung": "selected", "amount": {"amount": "41", "currency": "USD"}}),
    ("contract-tranche", {"tranche": "t1", "amount": {"amount": "7", "currency": "JPY", "qualifier": "about"}}),
    ("record-draw", {"tranche": "t1", "amount": {"amount": "3.25", "currency": "USD"}}),
    ("record-draw", {"tranche": "t2", "amount": {"amount": "1", "currency": "USD", "qualifier": "at-least"}}),
    ("distribute-proceeds", {"tranche": "t1", "amount": {"amount": "2", "currency": "USD"}, "to": "north"}),
    ("cancel-tranche", {"tranche": "t1"}),
    ("register-source", {"source": "a", "title": "A", "publisher": "P", "kind": "article", "published": "2026-01-02"}),
    ("register-source", {"source": "b", "title": "B", "publisher": "P", "kind": "article"}),
    ("mark-source-as-copy", {"source": "b", "of": "a"}),
    ("annotate", {"note": "Noted.", "about": "issue/fish"}),
    ("make-claim", {"claim": "c8", "kind": "position", "claimant": "south", "subject": "issue/fish",
                    "value": {"type": "share", "percent": "7"}}),
    ("make-claim", {"claim": "c9", "kind": "report", "claimant": "south", "subject": "tranche/t1/amount",
                    "value": {"type": "money", "money": {"amount": "1000", "currency": "USD"}}}),
    *[("make-claim", {"kind": "report", "claimant": who, "subject": f"negotiation/{negotiation}/amount/rounds",
                      "value": {"type": "count", "unit": unit} | told})
      for negotiation in ("one", "two")
      for who, unit, told in (("south", "dozens", {"number": "1.5"}),
                              ("north", "Dozen", {"number": 15, "qualifier": "about"}))],
    ("make-claim", {"claim": "c12", "kind": "report", "claimant": "south", "subject": "tranche/t1/amount",
                    "value": {"type": "money", "money": {"amount": "7", "currency": "USD"}, "basis": "nominal"}}),
    ("make-claim", {"claim": "c13", "kind": "report", "claimant": "south", "subject": "tranche/t1/amount",
                    "value": {"type": "money", "money": {"amount": "5", "currency": "USD"}, "basis": "net"}}),
    ("make-finding", {"finding": "f", "prefers": "c1", "over": ["c8"], "policy": "p", "reasons": "So."}),
    ("revoke-finding", {"finding": "f"}),
]  # fmt: skip
GROUND = [
    ("open-negotiation", {"title": "Talks"}),
    ("add-party", {"party": "north", "name": "North", "kind": "state"}),
    ("raise-issue", {"issue": "coal", "title": "Coal"}),
    *[
        fact
        for command in ("add-party", "raise-issue", "draft-agreement", "add-provision")
        for fact in FACTS
        if fact[0] == command
    ],
]
DATES = st.sampled_from(["2026", "2026-01", "2026-01-05", "2026-01-05T23:00-05:00", "2026-01-06", "2026-03-01"])
EFFECTS = st.sampled_from(
    [
        None,
        None,
        None,
        "2025-12-01",
        "2026-02-01T23:00-10:00",
        "2026-02-02T00:30+14:00",
        "2026-02-01",
        "2026-06-03",
        "2026-07",
    ]
)
PUBLISHED = st.sampled_from([None, "2026-01-05", "2026-01-06T03:00Z", "2026-02", "2026-04-01"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "occurred": DATES,
        "effective": st.sampled_from(["2025-12-01", "2026-02-01", "2026-02-02T01:00+14:00", "2026-07"]),
        "published": st.sampled_from(["2026-01-05", "2026-04-01"]),
        "reason": st.just("Otherwise."),
        "title": st.just("Another"),
        "text": st.just("Other words."),
        "note": st.just("Noted otherwise."),
        "amount": st.just({"amount": "9", "currency": "USD"}),
    },
)
AMENDS = st.one_of(
    st.tuples(st.just("correct-record"), CHANGES.map(lambda changes: {"changes": changes})),
    st.just(("retract-record", {})),
)
TOLD = st.tuples(
    st.one_of(st.sampled_from(FACTS), st.sampled_from(FACTS), AMENDS), DATES, EFFECTS, PUBLISHED, st.integers(0)
)


def submission(
    negotiation: str,
    command: str,
    facts: dict[str, Any],
    occurred: str,
    effective: str | None,
    published: str | None = None,
) -> Submission:
    kind = all_commands()[command]
    value = {"value": {"type": "share", "percent": "5"}} if command == "make-claim" else {}
    times = {"occurred": occurred, "effective": effective, "published": published, "reason": "Why."}
    body = {"negotiation": negotiation} | times | value | facts
    return Submission(kind, TypeAdapter(kind.body()).validate_json(json.dumps(body), strict=True), "test", UUID(int=0))


class Desk:
    """A log and a view store in one folder, under a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder
        self.database = SqliteDatabase(folder / "log", folder / "live")
        self.log = Log(self.database)
        self.committer = Committer(self.log, lambda: self.now)
        self.projector = Projector(self.database, lambda: self.now)
        for _ in self.projector.rebuild():
            pass

    def tell(self, negotiation: str, command: str, facts: dict[str, Any], *times: Any, record: int = 0) -> None:
        """Tell something; an amendment names the record with this number, counted around."""
        if command in {"correct-record", "retract-record"}:
            known = self.log.after(0)
            facts = facts | {"record": str(known[record % len(known)].event.envelope.id)}
        try:
            request = Request([submission(negotiation, command, facts, *times)])
        except ValidationError:
            return
        (outcome,) = self.committer.commit([request])
        if isinstance(outcome, Exception) and not isinstance(outcome, Refused):
            raise outcome

    def history(self, negotiation: str) -> list[Record]:
        return self.log.of(negotiation)

    def stored(self) -> dict[tuple[str, str, str], tuple[bytes, bytes]]:
        """All documents that serve, also those that are kept only to fold on, each with its private fields."""
        connection = self.database.reader("views")
        build = connection.value("SELECT build FROM builds WHERE serving = 1")
        rows = connection.rows(f"SELECT view, negotiation, key, packed, private FROM documents_{build}")
        connection.close()
        return {(place[0], place[1], place[2]): (unpacked(body), unpacked(private)) for *place, body, private in rows}

    def naive(self) -> dict[tuple[str, str, str], tuple[bytes, bytes]]:
        """The replay that is written apart, of now."""
        return {
            (view, negotiation, key): encode_document(document)
            for negotiation in ("one", "two")
            for (view, key), document in replay(self.history(negotiation), self.now.isoformat(), None, None).items()
        }

    def rebuilt(self) -> dict[tuple[str, str, str], tuple[bytes, bytes]]:
        projector = Projector(self.database, lambda: self.now)
        for _ in projector.rebuild():
            pass
        projector.close()
        return self.stored()

    def close(self) -> None:
        self.projector.close()
        self.log.close()


HISTORIES = st.lists(st.lists(TOLD, max_size=12), max_size=5)


def told(desk: Desk, batches: list[list[Any]], *, folding: bool) -> None:
    """Tell a history, a day passing with each batch."""
    for negotiation in ("one", "two"):
        for command, facts in GROUND:
            desk.tell(negotiation, command, facts, "2025-11", None)
    for number, batch in enumerate(batches):
        desk.now += timedelta(days=1)
        for (command, facts), occurred, effective, published, record in batch:
            desk.tell(("one", "two")[number % 2], command, facts, occurred, effective, published, record=record)
        if folding:
            desk.projector.catch_up()


def show_as_tables(documents: dict[Any, tuple[bytes, bytes]]) -> None:
    """Every view as a table for a terminal."""
    for view in all_views():
        items = [json.loads(body) for place, (body, _) in documents.items() if place[0] == view.name]
        if items:
            Console(file=StringIO()).print(table(view.name, items))


def without_doubts(documents: dict[Any, Any]) -> dict[Any, Any]:
    """The naive replay judges nothing anew but findings."""
    return {place: body for place, body in documents.items() if not place[-1].startswith(IMPOSSIBLE)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HISTORIES, st.sampled_from([0, 3, 40]), st.sampled_from([touches.TOUCHES_MAX, 150, 0]))
def test_live_documents_equal_a_naive_replay_and_a_rebuild(batches: list[list[Any]], days: int, held: int) -> None:
    """Also where the records that touch a document are not held, or not for long, and the documents before are read
    from the store. All can be shown as tables.
    """
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(touches, "TOUCHES_MAX", held)
        patch.setattr(folding, "KEPT_BYTES", 100 * held)
        desk = Desk(Path(folder))
        told(desk, batches, folding=True)
        desk.now += timedelta(days=days)
        desk.projector.catch_up()
        live, naive, rebuilt = desk.stored(), desk.naive(), desk.rebuilt()
        desk.close()
        assert without_doubts(live) == without_doubts(naive)
        assert rebuilt == live
        show_as_tables(live)


ASKED = [
    "2025-12-15",
    "2026-01-05",
    "2026-01-06",
    "2026-01-06T04:00Z",
    "2026-01-05T10:00Z",
    "2026-02-15",
    "2026-06-05",
    "2027-01-01",
]
KNOWN = ["2026-06-01", "2026-06-02T13:00Z", "2026-06-03", "2026-06-04"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    HISTORIES,
    st.sampled_from(ASKED),
    st.sampled_from([None, *ASKED]),
    st.sampled_from([None, *KNOWN]),
    st.integers(1, 200),
    st.integers(1, 20),
    st.sampled_from([replaying.CHECKPOINT_MIN, 1, 4]),
)
def test_the_answer_at_any_three_times_equals_a_naive_replay(
    batches: list[list[Any]],
    as_of: str,
    public_at: str | None,
    known_at: str | None,
    seen: int,
    more: int,
    checkpoint: int,
) -> None:
    """Also where the history was in memory before its last records came, some at a time, and its states were kept."""
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        told(desk, batches, folding=False)
        records = desk.history("one")
        desk.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "CHECKPOINT_MIN", checkpoint)
        history = History(records[:seen])
        for first in range(seen, len(records), more):
            for view in all_views():
                history.view(view.name).documents(as_of)
            history = history.extended(records[first : first + more])
    history = history.narrowed(public_at, known_at)
    naive = {place: encode(served(document)) for place, document in replay(records, as_of, public_at, known_at).items()}
    documents = {
        (view.name, key): held.body
        for view in all_views()
        for key, held in history.view(view.name).documents(as_of).items()
    }
    assert without_doubts(documents) == without_doubts(naive)
    for (view_name, key), body in documents.items():
        held = history.view(view_name).document(key, as_of)
        assert held is not None
        assert held.body == body
        kinds = view_named(view_name).kinds + (("",) if view_name == "agreements" else ())  # a step without the draft
        assert not held.index.shown or held.index.kind in kinds


def test_a_rebuild_that_was_broken_off_goes_on_while_the_old_views_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "GROUP", 1)
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        for negotiation in ("one", "two"):
            for command, facts in [*GROUND, *FACTS]:
                desk.tell(negotiation, command, facts, "2026-01-05", None)
        desk.projector.catch_up()
        before = desk.stored()
        rebuilding = Projector(desk.database, lambda: desk.now)
        rebuild = rebuilding.rebuild()
        first = next(rebuild)
        rebuild.close()
        rebuilding.close()
        assert desk.stored() == before
        desk.tell("one", "annotate", {"note": "Told meanwhile.", "about": "issue/fish"}, "2026-01-06", None)
        desk.projector.catch_up()
        now = desk.stored()
        assert now != before
        again = Projector(desk.database, lambda: desk.now)
        assert sum(again.rebuild()) == first
        again.close()
        assert desk.stored() == now
        desk.projector.catch_up()
        desk.close()


def test_a_record_that_takes_effect_later_stands_in_the_timeline_at_once_and_changes_nothing_before() -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        for command, facts in GROUND:
            desk.tell("one", command, facts, "2025-11", None)
        desk.tell("one", "settle-issue", {"issue": "fish", "terms": "Half."}, "2026-05-01", "2026-06-03")
        desk.projector.catch_up()

        def fish() -> str:
            document = json.loads(desk.stored()["negotiations", "one", "one"][0])
            return next(issue["status"] for issue in document["issues"] if issue["key"] == "fish")

        assert fish() == "open"
        timeline = [json.loads(body) for place, (body, _) in desk.stored().items() if place[0] == "timeline"]
        assert "Issue.Settled" in {entry["type"] for entry in timeline}
        desk.now = datetime(2026, 6, 3, tzinfo=UTC)
        desk.projector.catch_up()
        assert fish() == "settled"
        desk.close()
