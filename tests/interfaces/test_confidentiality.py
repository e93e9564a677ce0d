"""What one may not see leaves no trace: two readers of one store, and a store in which it was never told."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from application.access import Identity, granted
from infrastructure.database import Database
from infrastructure.erasing import Eraser
from infrastructure.projector import Projector
from infrastructure.settings import Settings
from interfaces import stores
from interfaces.main import EVERYTHING, Part, application
from tests.interfaces.conftest import Clock

NOW = "2026-06-01T12:00:00+00:00"
LATER = "2026-12-01T12:00:00+00:00"
ALL = granted(("recorder:*", "analyst:*"))
PEOPLE = {
    "public": Identity("public", granted(("reader:*",))),
    "red": Identity("red", ALL, frozenset({"red"})),
    "blue": Identity("blue", ALL, frozenset({"blue"})),
    "both": Identity("both", ALL, frozenset({"red", "blue"})),
    "anybody": Identity("anybody", ALL),
    "auditor": Identity("auditor", granted(("auditor:*",))),
}
NOBODY = "019a8b5e-0000-7000-8000-000000000001"
RED = {"groups": ["red"]}
SECRET = "Zanzibar"  # noqa: S105
"""A word that stands in restricted records alone."""


class As:
    """Stands before a service in place of the gate: who asks is told by name."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["identity"] = PEOPLE[dict(scope["headers"])[b"who"].decode()]
        await self._app(scope, receive, send)


class Desk:
    """A service, and what people tell it and ask of it."""

    def __init__(self, client: TestClient, settings: Settings, clock: Clock) -> None:
        self.client = client
        self.settings = settings
        self.clock = clock

    def tell(self, who: str, command: str, **body: Any) -> Any:
        told = {"negotiation": "talks", "occurred": "2025-01-02"} | body
        return self.client.post(f"/v1/records/{command}", json=told, headers={"who": who})

    def ask(self, who: str, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params or None, headers={"who": who})

    def head(self) -> int:
        return int(self.ask("auditor", "/v1/records", limit=1).headers["parley-position"])


@contextmanager
def desk_on(address: str, parts: tuple[Part, ...] = EVERYTHING) -> Iterator[Desk]:
    settings, clock = Settings(database=address), Clock()
    clock.at = NOW
    with TestClient(As(application(settings, parts, clock)), raise_server_exceptions=False) as client:
        yield Desk(client, settings, clock)


@pytest.fixture
def desk(address: str) -> Iterator[Desk]:
    with desk_on(address) as desk:
        yield desk


def begin(desk: Desk) -> None:
    for command, body in (
        ("open-negotiation", {"title": "Talks"}),
        ("add-party", {"party": "north", "name": "North", "kind": "state"}),
        ("add-party", {"party": "south", "name": "South", "kind": "state"}),
        ("raise-issue", {"issue": "fish", "title": "Fish"}),
        (
            "register-source",
            {"source": "paper", "title": "A paper", "publisher": "P", "kind": "article", "published": "2025-01-02"},
        ),
    ):
        assert desk.tell("anybody", command, **body).status_code == 201


def secret_claim(kind: str, subject: str) -> dict[str, Any]:
    return {"kind": kind, "claimant": "north", "subject": subject, "value": {"type": "text", "text": SECRET}}


def told(random: random.Random) -> tuple[str, str, dict[str, Any]]:
    """Somebody tells something: by whom, which command, and its body; a record is named by its number."""
    who = random.choice(["red", "blue", "both", "anybody"])
    restriction = random.choice(
        [None, None, RED, {"groups": ["blue"]}, {"groups": ["red", "blue"]}, {"groups": ["red"], "originator": "blue"},
         {"groups": ["red"], "until": "2026-05-01T00:00Z"}, {"groups": ["blue"], "until": "2026-07-01T00:00Z"}]
    )  # fmt: skip
    words = SECRET if restriction else "Plain"
    issue = random.choice(["fish", "cars", "steel"])
    occurred = f"2025-0{random.randint(1, 9)}-11"
    published = random.choice([{}, {"published": "2025-06-01"}])
    name = random.choice(["one", "two"])
    record = random.randrange(100)
    amount = {"amount": str(random.randint(1, 9)), "currency": "USD"}
    command, body = random.choice([
        ("raise-issue", {"issue": issue, "title": words}),
        ("make-claim", {"claim": name, "kind": "position", "claimant": random.choice(["north", "south"]),
                        "subject": f"issue/{issue}", "value": {"type": "text", "text": words},
                        "evidence": random.choice([[], [{"source": "paper", "quotation": words}]])}),
        ("make-claim", {"kind": "report", "claimant": "north", "subject": "tranche/first/amount",
                        "value": {"type": "money", "money": amount}}),
        ("register-source", {"source": f"source-{name}", "title": words, "publisher": "P", "kind": "note"}),
        ("schedule-round", {"round": name, "planned_start": "2025-10-01", "reason": words}),
        ("open-round", {"round": name}),
        ("settle-issue", {"issue": issue, "terms": words}),
        ("draft-agreement", {"agreement": "deal", "title": words, "form": "memorandum", "parties": ["north", "south"]}),
        ("add-provision", {"agreement": "deal", "provision": name, "number": "1", "kind": "text", "text": words}),
        ("pledge-tranche", {"tranche": "first", "by": "north", "amount": amount}),
        ("record-draw", {"tranche": "first", "amount": amount}),
        ("set-deadline", {"deadline": name, "title": words, "due": "2026-07-01"}),
        ("record-vote", {"vote": f"vote-{record}", "body": words, "outcome": "carried",
                         "about": random.choice(["agreement/deal", f"issue/{issue}"])}),
        ("annotate", {"about": f"issue/{issue}", "note": words}),
        ("correct-record", {"record": record, "changes": {"reason": words}, "reason": words}),
        ("retract-record", {"record": record, "reason": words}),
        ("restrict-record", {"record": record, "to": random.choice([RED, {"groups": ["red", "blue"]}]), "reason": words}),
        ("release-record", {"record": record, "reason": "Agreed", "consent": "paper"}),
    ])  # fmt: skip
    if command in {"restrict-record", "release-record"}:
        restriction, published = None, {}
    return (
        who,
        command,
        {"occurred": occurred} | body | published | ({"restriction": restriction} if restriction else {}),
    )


class Course:
    """What became of what was told: the record of each, in their order."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.taken: list[tuple[int, str, str, dict[str, Any]]] = []
        """Of each that was taken down its number, by whom, and what."""
        self.ids: dict[int, str] = {}

    def tell(self, number: int, who: str, command: str, body: dict[str, Any]) -> Any:
        named = {"record": self.ids.get(body["record"], NOBODY)} if "record" in body else {}
        answer = self.desk.tell(who, command, **body | named)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 201:
            self.ids[number] = answer.json()["id"]
            self.taken.append((number, who, command, body))
        return answer


ADDRESSES = (
    "/v1/negotiations", "/v1/agreements", "/v1/tranches", "/v1/votes", "/v1/deadlines", "/v1/sources",
    "/v1/contradictions", "/v1/flags",
    "/v1/negotiations/talks", "/v1/negotiations/talks/ledger",
    *(f"/v1/negotiations/talks/{view}" for view in ("positions", "rounds", "agreements", "tranches", "votes", "deadlines",
                                                    "sources", "timeline", "contradictions", "flags")),
    "/v1/negotiations/talks/calendar", "/v1/tariffs?negotiation=talks", "/v1/records?limit=1000",
    "/v1/records?stream=issue/cars", "/v1/records?party=north",
    "/v1/negotiations/talks/sum?rung=pledge",
    "/v1/negotiations/talks/diff?from=2025-01-01&to=2025-12-31",
    "/v1/negotiations/talks/grounds?view=negotiations",
    "/v1/negotiations/talks/reliance?source=paper",
    "/v1/negotiations/talks/reliance?source=source-one",
    f"/v1/negotiations/talks/timeline?q={SECRET}", f"/v1/sources?q={SECRET}",
    *(f"/v1/negotiations/talks/{key}" for key in ("rounds/round/one", "agreements/deal", "sources/source-one", "tranches/first")),
)  # fmt: skip
TIMES = ({}, {"as_of": "2025-05-15"}, {"public_at": "2025-12-31"}, {"known_at": "2026-06-01"})


def answers(desk: Desk, who: str) -> dict[str, Any]:
    """All that somebody can find out, with what is only a name or a place put in words that are the same everywhere."""
    position = desk.head()
    found: dict[str, Any] = {}
    for address in ADDRESSES:
        path, _, query = address.partition("?")
        for times in TIMES if "records" not in path else TIMES[:1]:
            if "diff" in path and "as_of" in times:
                continue
            params = dict(part.split("=") for part in query.split("&") if part) | times | {"min_position": position}
            answer = desk.ask(who, path, **params)
            found[f"{address} {times}"] = (answer.status_code, answer.text.replace("\r\n ", ""))
    return found


def named_alike(text: str, names: dict[str, str]) -> str:
    text = re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda found: names.setdefault(found[0], f"#{len(names)}"), text
    )
    return re.sub(r'"(position|recorded)": ?("[^"]*"|\d+)', r'"\1":0', text)


def same(desk: Desk, other: Desk, who: str) -> None:
    """Whoever asks is answered alike by both; the names of records are given in the order in which they appear."""
    names: tuple[dict[str, str], dict[str, str]] = {}, {}
    ours, theirs = answers(desk, who), answers(other, who)
    first = "/v1/records?limit=1000 {}"
    for address in [first, *ours]:
        one, two = (named_alike(told[address][1], known) for told, known in zip((ours, theirs), names, strict=True))
        assert (ours[address][0], one) == (theirs[address][0], two), address


@pytest.mark.parametrize("who", ["public", "red", "both"])
@pytest.mark.parametrize("seed", range(2))
def test_what_one_may_not_see_leaves_no_trace(
    seed: int, who: str, address: str, new_store: Callable[[str], str]
) -> None:
    chance = random.Random(seed)
    with desk_on(address) as desk, desk_on(new_store("sqlite")) as other:
        for empty in (desk, other):
            begin(empty)
        course, copy = Course(desk), Course(other)
        for number in range(100):
            teller, command, body = told(chance)
            if seed % 2:  # all is told openly, and some of it restricted in the end
                body.pop("restriction", None)
                if number >= 70:
                    command, body = "restrict-record", {"record": chance.randrange(70), "to": RED, "reason": SECRET}
            course.tell(number, teller, command, {"occurred": "2025-09-11"} | body)
        listed = desk.ask(who, "/v1/records", limit=1000).json()["items"]
        shown = {item["envelope"]["id"] for item in listed}
        assert who != "public" or len(shown) < len(course.taken) + 5
        for number, teller, command, body in course.taken:
            if course.ids[number] in shown:
                answer = copy.tell(number, teller, command, body)
                assert answer.status_code == 201, answer.text
        same(desk, other, who)
        teller = {"public": "anybody"}.get(who, who)
        for number in range(100, 140):
            _, command, body = told(chance)
            told_alike = [
                (answer.status_code, named_alike(answer.text, {}), answer.headers.get("etag"))
                for answer in (course.tell(number, teller, command, body), copy.tell(number, teller, command, body))
            ]
            assert told_alike[0] == told_alike[1], (command, body)
        same(desk, other, who)
        shown = {item["envelope"]["id"] for item in desk.ask(who, "/v1/records", limit=1000).json()["items"]}
        for service in (desk, other):
            service.clock.at = LATER
        if who == "public":
            lifted = {item["envelope"]["id"] for item in desk.ask(who, "/v1/records", limit=1000).json()["items"]}
            assert shown <= lifted
            if shown == lifted:
                same(desk, other, who)


def test_no_restricted_word_is_found_by_one_who_may_not_see_it(desk: Desk) -> None:
    begin(desk)
    chance, course = random.Random(99), Course(desk)
    for number in range(60):
        who, command, body = told(chance)
        if "record" not in body and "until" not in str(body):
            course.tell(number, who, command, body)
    assert SECRET in json.dumps(answers(desk, "auditor"))
    found = answers(desk, "public")
    asked = [address for address in found if SECRET not in address and SECRET in found[address][1]]
    assert asked == []


def test_views_made_anew_hold_no_more_than_before(desk: Desk) -> None:
    begin(desk)
    chance, course = random.Random(7), Course(desk)
    for number in range(50):
        course.tell(number, *told(chance))
    before = {who: answers(desk, who) for who in PEOPLE}
    projector = Projector(desk.settings.store(), desk.clock)
    assert sum(projector.rebuild()) > 0
    projector.close()
    assert {who: answers(desk, who) for who in PEOPLE} == before


def test_a_correction_that_is_hidden_makes_nothing_irregular_for_those_who_do_not_see_it(
    desk: Desk, database: Database
) -> None:
    begin(desk)
    red = {"groups": ["red"]}
    told = desk.tell("red", "schedule-round", round="1", planned_start="2025-02-01", restriction=red).json()["id"]
    embargo = red | {"until": "2026-07-01T00:00Z"}
    desk.tell("red", "open-round", round="1", occurred="2025-03-31", restriction=embargo)
    desk.tell("anybody", "open-round", round="1", occurred="2025-04-01")
    desk.clock.at = LATER
    deadline = time.monotonic() + 5
    while "2025-03-31" not in desk.ask("public", "/v1/negotiations/talks/timeline").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    changes = {"planned_start": "2025-02-02"}
    assert desk.tell("red", "correct-record", record=told, changes=changes, reason="So.").status_code == 201

    def seen() -> list[Any]:
        flags = desk.ask("public", "/v1/negotiations/talks/flags", min_position=desk.head())
        return list(flags.json()["items"])

    before = seen()
    with closing(Projector(database, desk.clock)) as projector:
        for _ in projector.rebuild():
            pass
    assert seen() == before


def test_an_embargo_lifts_by_itself(desk: Desk) -> None:
    begin(desk)
    embargo = {"groups": ["red"], "until": "2026-07-01T00:00Z"}
    assert desk.tell("red", "raise-issue", issue="cars", title="Cars", restriction=embargo).status_code == 201
    assert desk.tell("red", "annotate", about="issue/cars", note="Soon", restriction=embargo).status_code == 201
    position = desk.head()

    def issues(who: str) -> list[str]:
        shown = desk.ask(who, "/v1/negotiations/talks", min_position=position).json()
        return [issue["key"] for issue in shown["issues"]]

    assert (issues("public"), issues("red"), issues("auditor")) == (["fish"], ["fish", "cars"], ["fish", "cars"])
    desk.clock.at = LATER
    deadline = time.monotonic() + 5
    while issues("public") != ["fish", "cars"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert desk.ask("public", "/v1/negotiations/talks", as_of="2026-05-01").json()["issues"][1]["key"] == "cars"


def test_a_refusal_tells_nothing_of_what_is_hidden(desk: Desk) -> None:
    begin(desk)
    secret = desk.tell("red", "raise-issue", issue="cars", title="Cars", restriction=RED)
    claim = {"kind": "position", "claimant": "north", "subject": "issue/cars", "value": {"type": "text", "text": "No."}}
    unheard_of = desk.tell("anybody", "make-claim", **claim | {"subject": "issue/nothing"})
    hidden = desk.tell("anybody", "make-claim", **claim)
    assert hidden.json()["code"] == unheard_of.json()["code"] == "unknown"
    assert hidden.text == unheard_of.text.replace("nothing", "cars")
    for command, more in (
        ("retract-record", {}),
        ("correct-record", {"changes": {"title": "X"}}),
        ("release-record", {}),
    ):
        for record in (secret.json()["id"], "issue/cars/raised"):
            answer = desk.tell("anybody", command, record=record, reason="A guess", **more)
            assert answer.json()["code"] == "unknown"
    assert desk.tell("anybody", "raise-issue", issue="cars", title="Our cars").status_code == 201
    correction = {"record": "issue/cars/raised", "changes": {"title": "Ours"}, "reason": "A slip."}
    assert desk.tell("red", "correct-record", **correction).json()["code"] == "several-records"
    assert desk.tell("anybody", "correct-record", **correction).status_code == 201
    assert desk.tell("red", "make-claim", **claim, restriction=RED).status_code == 201
    assert (
        desk.tell("anybody", "annotate", about="issue/fish", note="X", restriction=RED).json()["code"] == "not-a-member"
    )


def test_what_speaks_of_what_was_restricted_later_is_hidden_with_it(desk: Desk) -> None:
    begin(desk)
    raised = desk.tell("red", "raise-issue", issue="cars", title=SECRET).json()
    assert desk.tell("anybody", "make-claim", **secret_claim("position", "issue/cars")).status_code == 201
    assert desk.tell("anybody", "settle-issue", issue="cars", terms=SECRET).status_code == 201
    assert SECRET in json.dumps(answers(desk, "public"))
    named = {"record": raised["id"], "reason": "Told too early"}
    assert desk.tell("red", "restrict-record", **named, to=RED).status_code == 201
    assert [
        address for address, (_, text) in answers(desk, "public").items() if SECRET in text and "q=" not in address
    ] == []
    assert SECRET in json.dumps(answers(desk, "red"))
    assert desk.tell("red", "release-record", **named).status_code == 201
    assert (
        answers(desk, "public")["/v1/negotiations/talks/positions {}"]
        == answers(desk, "red")["/v1/negotiations/talks/positions {}"]
    )


def test_a_list_across_negotiations_is_of_one_state_also_where_some_of_it_is_replayed(
    address: str, database: Database
) -> None:
    source = {"title": "T", "publisher": "P", "kind": "article"}
    with desk_on(address, ("recording", "reading")) as desk:
        begin(desk)
        desk.tell("red", "register-source", source="secret", restriction={"groups": ["red"]}, **source)
        desk.tell("anybody", "open-negotiation", negotiation="others", title="Others")
        projector = Projector(database, desk.clock)
        for _ in projector.rebuild():
            pass

        def seen() -> tuple[list[str], int]:
            answer = desk.ask("red", "/v1/sources")
            return sorted(one["key"] for one in answer.json()["items"]), int(answer.headers["parley-position"])

        before = seen()
        assert before == (["paper", "secret"], desk.head())
        for negotiation in ("talks", "others"):
            desk.tell("anybody", "register-source", source="new", negotiation=negotiation, **source)
        assert seen() == before
        projector.catch_up()
        projector.close()
        assert seen() == (["new", "new", "paper", "secret"], desk.head())


def test_what_is_restricted_is_gone_before_the_views_are_folded(
    address: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "SOON_SECONDS", 0.0)  # nobody folds here
    with desk_on(address, ("recording", "reading")) as desk:
        begin(desk)
        raised = desk.tell("red", "raise-issue", issue="cars", title=SECRET).json()["id"]
        projector = Projector(database, desk.clock)
        for _ in projector.rebuild():
            pass

        def see() -> set[str]:
            asked = ("", "/timeline", f"/timeline/{raised}", f"/timeline?q={SECRET[:3]}")
            return {
                who for who in PEOPLE for path in asked if SECRET in desk.ask(who, f"/v1/negotiations/talks{path}").text
            }

        assert see() == set(PEOPLE)
        assert desk.tell("red", "restrict-record", record=raised, to=RED, reason="Told too early").status_code == 201
        assert see() == {"red", "both", "auditor"}
        projector.catch_up()
        projector.close()
        assert see() == {"red", "both", "auditor"}


@pytest.mark.parametrize("groups", [["blue"], ["mistyped"]])
def test_a_record_is_restricted_to_a_group_of_whoever_restricts_it(desk: Desk, groups: list[str]) -> None:
    begin(desk)
    named = {"record": desk.tell("red", "raise-issue", issue="cars", title="Cars").json()["id"], "reason": "So."}
    refused = desk.tell("red", "restrict-record", **named, to={"groups": groups})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-a-member")
    assert refused.json()["errors"][0]["field"] == "to.groups"
    taken = desk.tell("red", "restrict-record", **named, to={"groups": ["red", *groups]})
    assert (taken.status_code, taken.json()["version"]) == (201, 2)
    assert desk.ask("public", f"/v1/records/{named['record']}").status_code == 404


def test_versions_have_no_gaps_where_records_are_hidden(desk: Desk) -> None:
    begin(desk)
    assert desk.tell("red", "reword-issue", issue="fish", title="Secret", restriction=RED).json()["version"] == 2
    again = desk.tell("anybody", "reword-issue", issue="fish", title="Fisheries")
    assert (again.json()["version"], again.headers["etag"]) == (2, '"2"')
    assert desk.tell("red", "reword-issue", issue="fish", title="Fishing").json()["version"] == 4
    for who, versions in (("public", [1, 2, 3]), ("red", [1, 2, 3, 4])):
        shown = desk.ask(who, "/v1/records", stream="issue/fish").json()["items"]
        assert [item["envelope"]["version"] for item in shown] == versions
    told = {"negotiation": "talks", "occurred": "2025-01-02", "issue": "fish", "title": "X"}
    for expected, status in (("4", 412), ("3", 201)):
        headers = {"who": "anybody", "If-Match": expected}
        assert desk.client.post("/v1/records/reword-issue", json=told, headers=headers).status_code == status


def test_what_its_originator_gave_is_released_with_consent(desk: Desk) -> None:
    begin(desk)
    given = {"groups": ["red", "blue"], "originator": "blue"}
    told = desk.tell("red", "annotate", about="issue/fish", note="Theirs", restriction=given).json()
    release = {"record": told["id"], "reason": "Agreed"}
    assert desk.tell("red", "release-record", **release).json()["code"] == "originator-has-not-consented"
    assert desk.tell("blue", "release-record", **release).status_code == 201
    assert desk.tell("red", "release-record", **release, consent="paper").json()["code"] == "not-restricted"
    assert desk.ask("public", f"/v1/records/{told['id']}").status_code == 200


@pytest.mark.parametrize(
    ("groups", "code"), [(["red", "green"], "consent-not-for-all"), (["red"], "restricted-further")]
)
def test_the_consent_can_be_read_by_all_to_whom_it_is_released(desk: Desk, groups: list[str], code: str) -> None:
    begin(desk)
    given = {"groups": ["red", "green"], "originator": "blue"}
    told = desk.tell("red", "annotate", about="issue/fish", note="Theirs", restriction=given).json()
    source = {"source": "letter", "title": "A letter", "publisher": "P", "kind": "letter"}
    assert desk.tell("both", "register-source", **source, restriction={"groups": groups}).status_code == 201
    release = {"record": told["id"], "reason": "Agreed"}
    assert desk.tell("red", "release-record", **release, consent="letter").json()["code"] == code
    hidden = desk.tell("red", "release-record", **release, consent="paper", restriction=RED)
    assert hidden.json()["code"] == "for-all-who-see-it"
    assert desk.tell("red", "release-record", **release, consent="paper").status_code == 201


def test_what_a_correction_changes_is_hidden_with_what_it_speaks_of(desk: Desk) -> None:
    """And what it corrects stands as it was told first."""
    begin(desk)
    source = {"source": "memo", "title": "A memo", "publisher": "P", "kind": "note"}
    memo = desk.tell("red", "register-source", **source, restriction=RED).json()["id"]
    desk.tell("red", "add-party", party="shadow", name="Shadow", kind="state", restriction=RED)
    due = {"deadline": "end", "title": "End", "due": "2026-07-01", "party": "north"}
    deadline = desk.tell("red", "set-deadline", **due, restriction=RED).json()["id"]
    for changes in ({"party": "shadow"}, {"evidence": [{"source": "memo", "quotation": SECRET}]}):
        corrected = desk.tell("red", "correct-record", record=deadline, changes=changes, reason="So.")
        assert corrected.status_code == 201, corrected.text
    assert desk.tell("red", "release-record", record=deadline, reason="It is known").status_code == 201
    shown = answers(desk, "public")["/v1/negotiations/talks/deadlines {}"][1]
    assert '"end"' in shown
    assert "shadow" not in shown
    told = [text for address, (_, text) in answers(desk, "public").items() if SECRET not in address]
    assert SECRET not in json.dumps(told)
    assert SECRET in json.dumps(answers(desk, "red"))
    assert desk.tell("red", "release-record", record=memo, reason="It is known").status_code == 201
    assert SECRET in json.dumps(answers(desk, "public")["/v1/negotiations/talks/deadlines {}"])


def test_a_rule_counts_from_a_step_for_those_alone_who_may_see_it(desk: Desk) -> None:
    begin(desk)
    deal = {"agreement": "deal", "title": "Deal", "form": "memorandum", "parties": ["north", "south"]}
    rule = {"count": 10, "unit": "calendar-days", "event": "agreement/deal/signed"}
    assert desk.tell("anybody", "draft-agreement", **deal).status_code == 201
    assert desk.tell("anybody", "set-deadline", deadline="end", title="End", rule=rule).status_code == 201
    signed = {"agreement": "deal", "parties": ["north"], "occurred": "2026-05-01"}
    assert desk.tell("red", "sign-agreement", **signed, restriction=RED).status_code == 201
    for who, day in {"red": "2026-05-11", "blue": None, "public": None}.items():
        for path in ("/v1/negotiations/talks/deadlines/end", "/v1/deadlines"):
            answer = desk.ask(who, path, min_position=desk.head()).json()
            assert (answer.get("items") or [answer])[0]["day"] == day, who


def test_a_provision_is_hidden_with_its_agreement(desk: Desk) -> None:
    begin(desk)
    deal = {"agreement": "deal", "title": "Deal", "form": "memorandum", "parties": ["north", "south"]}
    drafted = desk.tell("anybody", "draft-agreement", **deal).json()["id"]
    clause = {"agreement": "deal", "provision": "clause", "title": SECRET, "kind": "text", "text": SECRET}
    added = desk.tell("anybody", "add-provision", **clause).json()["id"]
    assert desk.tell("anybody", "make-claim", **secret_claim("reading", "provision/deal/clause")).status_code == 201
    assert desk.tell("red", "restrict-record", record=drafted, to=RED, reason="So.").status_code == 201
    told = [text for address, (_, text) in answers(desk, "public").items() if SECRET not in address]
    assert SECRET not in json.dumps(told)
    assert SECRET in json.dumps(answers(desk, "red"))
    assert desk.tell("blue", "retract-record", record=added, reason="So.").json()["code"] == "unknown"
    assert desk.tell("anybody", "draft-agreement", **deal).status_code == 201
    assert desk.tell("anybody", "add-provision", **clause | {"text": "Ours", "title": "Ours"}).json()["version"] == 1


def test_what_is_to_come_shows_to_those_alone_who_may_see_it(desk: Desk) -> None:
    begin(desk)
    deal = {"agreement": "deal", "title": "Deal", "form": "memorandum", "parties": ["north", "south"]}
    assert desk.tell("anybody", "draft-agreement", **deal).status_code == 201
    clause = {"agreement": "deal", "provision": "clause", "title": "C", "kind": "text", "effective": "2999-01-01"}
    assert desk.tell("red", "add-provision", **clause, text="Theirs.", restriction=RED).status_code == 201
    assert desk.tell("anybody", "add-provision", **clause | {"provision": "open"}, text="Ours.").status_code == 201
    for who, texts in {"red": ["Theirs.", "Ours."], "blue": ["Ours."], "public": ["Ours."]}.items():
        for path in ("/v1/negotiations/talks/agreements/deal", "/v1/agreements"):
            answer = desk.ask(who, path, min_position=desk.head()).json()
            told = (answer.get("items") or [answer])[0]["to_come"]
            assert [step["text"] for step in told] == texts, who


def test_what_was_told_twice_can_be_corrected_also_once_both_are_known(desk: Desk) -> None:
    begin(desk)
    hidden = desk.tell("red", "raise-issue", issue="cars", title="Cars", restriction=RED).json()["id"]
    public = desk.tell("anybody", "raise-issue", issue="cars", title="Vans").json()["id"]
    correction = {"record": public, "reason": "So."}
    confidential = {"changes": {"title": "Trucks"}, "restriction": RED}
    assert desk.tell("red", "correct-record", **correction, **confidential).status_code == 201
    assert desk.tell("red", "release-record", record=hidden, reason="It is known").status_code == 201
    assert desk.tell("anybody", "correct-record", **correction, changes={"title": "Lorries"}).status_code == 201
    now, then = (
        {
            where: desk.ask("public", f"/v1/negotiations/talks{where}", min_position=desk.head(), **at).json()
            for where in ("/flags", "")
        }
        for at in ({}, {"as_of": "2026-06-01"})
    )
    assert (
        [flag["details"] for flag in now["/flags"]["items"]]
        == [flag["details"] for flag in then["/flags"]["items"]]
        != []
    )
    assert now[""]["issues"] == then[""]["issues"]


def test_who_reads_that_a_name_was_erased_reads_of_the_erasure(desk: Desk) -> None:
    begin(desk)
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish", "speaker": "Ada Quillwort"}
    for restriction in ({}, {"restriction": RED}, {"restriction": {"groups": ["blue"]}}):
        value = {"type": "text", "text": "No."}
        assert desk.tell("both", "make-claim", **claim, value=value, **restriction).status_code == 201
    with closing(Eraser(desk.settings.store(), lambda: datetime.fromisoformat(NOW))) as eraser:
        assert eraser.erase("Ada Quillwort", "Asked for.")
    for who, count in (("public", 1), ("red", 2), ("blue", 2), ("both", 3), ("auditor", 3)):
        made = desk.ask(who, "/v1/records", type="Erasure.Made").json()["items"]
        assert len(made) == count, who
        shown = desk.ask(who, "/v1/records", type="Claim.Made").json()["items"]
        told = {named for one in made for named in one["named_in"]}
        assert {one["envelope"]["id"] for one in shown if one["speaker"] == "[erased]"} == told, who


def test_whoever_sees_a_record_amends_it_also_where_it_is_hidden_because_of_another(desk: Desk) -> None:
    begin(desk)
    cars = desk.tell("anybody", "raise-issue", issue="cars", title="Cars", evidence=[{"source": "paper"}]).json()
    paper = desk.ask("auditor", "/v1/records", stream="source/paper").json()["items"][0]["envelope"]["id"]
    assert desk.tell("red", "restrict-record", record=paper, to=RED, reason="So.").status_code == 201
    correction = {"record": cars["id"], "changes": {"title": "Vans"}, "reason": "So."}
    assert desk.tell("anybody", "correct-record", **correction).json()["code"] == "unknown"
    assert desk.tell("red", "correct-record", **correction).status_code == 201
    assert desk.tell("red", "settle-issue", issue="cars", terms="None").json()["code"] == "restricted-further"
    assert desk.tell("red", "settle-issue", issue="cars", terms="None", restriction=RED).status_code == 201
    assert desk.tell("anybody", "raise-issue", issue="cars", title="Ours").json()["version"] == 1


def test_the_subject_of_hidden_data_is_nobody_elses(desk: Desk) -> None:
    begin(desk)
    claim = {"claim": "one", "kind": "position", "claimant": "north", "subject": "issue/fish",
             "value": {"type": "text", "text": "No."}}  # fmt: skip
    subject = {"data_subject": "Ada Quillwort", "restriction": RED}
    assert desk.tell("red", "make-claim", **claim, **subject).status_code == 201
    for teller, command, body in (
        ("anybody", "make-claim", claim),
        ("red", "make-finding", {"finding": "so", "prefers": "one", "over": ["two"], "policy": "p", "analyst": "A",
                                 "reasons": "So."}),
        ("red", "withdraw-claim", {"claim": "one"}),
    ):  # fmt: skip
        if command == "make-finding":
            assert (
                desk.tell("anybody", "make-claim", **claim | {"claim": "two", "claimant": "south"}).status_code == 201
            )
        taken = desk.tell(teller, command, **body)
        assert taken.status_code == 201, taken.text
        assert "data_subject" not in desk.ask("public", f"/v1/records/{taken.json()['id']}").json()["envelope"]


def test_what_another_took_down_is_restricted_by_an_analyst(desk: Desk) -> None:
    begin(desk)
    PEOPLE["recorder"] = Identity("recorder", granted(("recorder:*",)), frozenset({"red"}))
    try:
        theirs = desk.tell("anybody", "raise-issue", issue="cars", title="Cars").json()["id"]
        own = desk.tell("recorder", "raise-issue", issue="steel", title="Steel").json()["id"]
        told = {"to": RED, "reason": "So."}
        assert desk.tell("recorder", "restrict-record", record=theirs, **told).json()["code"] == "taken-down-by-another"
        assert desk.tell("recorder", "restrict-record", record=own, **told).status_code == 201
        assert desk.tell("red", "restrict-record", record=theirs, **told).status_code == 201
    finally:
        del PEOPLE["recorder"]


def test_what_one_service_restricts_another_judges_by(address: str) -> None:
    with desk_on(address) as desk, desk_on(address) as other:
        begin(desk)
        raised = other.tell("red", "raise-issue", issue="cars", title="Cars").json()["id"]
        for number, (one, two) in enumerate(((desk, other), (other, desk))):
            noted = one.tell("red", "annotate", about="issue/fish", note="Mine", restriction=RED)
            assert noted.status_code == 201
            settled = {"issue": "cars", "terms": f"Round {number}"}
            assert two.tell("anybody", "settle-issue", **settled).status_code == 201
            assert one.tell("anybody", "reopen-issue", issue="cars").status_code == 201
        assert desk.tell("red", "restrict-record", record=raised, to=RED, reason="So.").status_code == 201
        assert other.tell("anybody", "settle-issue", issue="cars", terms="X").json()["code"] == "unknown"
        assert other.tell("anybody", "raise-issue", issue="cars", title="Ours").json()["version"] == 1


def test_what_was_refused_together_with_others_restricts_nothing(desk: Desk) -> None:
    begin(desk)
    raised = desk.tell("red", "raise-issue", issue="cars", title="Cars").json()["id"]
    named = {"negotiation": "talks", "occurred": "2025-01-02"}
    lines = [
        named | {"command": "annotate", "note": "Mine", "restriction": RED},
        named | {"command": "restrict-record", "record": raised, "to": RED, "reason": "So."},
        named | {"command": "settle-issue", "issue": "cars", "terms": "X"},
    ]
    headers = {"who": "red", "Content-Type": "application/x-ndjson"}
    refused = desk.client.post("/v1/records", content="\n".join(map(json.dumps, lines)), headers=headers)
    assert (refused.status_code, refused.json()["line"], refused.json()["code"]) == (422, 3, "restricted-further")
    assert desk.tell("anybody", "settle-issue", issue="cars", terms="X").status_code == 201


def test_what_an_embargo_hid_is_judged_by_once_it_has_lifted(desk: Desk) -> None:
    begin(desk)
    until = RED | {"until": "2026-07-01T00:00Z"}
    assert desk.tell("red", "raise-issue", issue="cars", title="Cars", restriction=until).status_code == 201
    settled = {"issue": "cars", "terms": "None"}
    assert desk.tell("anybody", "settle-issue", **settled).json()["code"] == "unknown"
    desk.clock.at = LATER
    assert desk.tell("anybody", "settle-issue", **settled).status_code == 201


def test_a_hidden_negotiation_can_be_opened_again_by_others(desk: Desk) -> None:
    opened = {"negotiation": "backchannel", "title": SECRET}
    assert desk.tell("red", "open-negotiation", **opened, restriction=RED).status_code == 201
    party = {"negotiation": "backchannel", "party": "north", "name": "North", "kind": "state"}
    assert desk.tell("blue", "open-negotiation", **opened | {"title": "Ours"}).status_code == 201
    assert desk.tell("blue", "add-party", **party).status_code == 201
    shown = desk.ask("blue", "/v1/negotiations/backchannel", min_position=desk.head())
    assert (shown.status_code, shown.json()["title"]) == (200, "Ours")
    assert [one["key"] for one in shown.json()["parties"]] == ["north"]


def test_a_negotiation_that_is_hidden_as_a_whole_is_not_there(desk: Desk) -> None:
    opened = {"negotiation": "backchannel", "title": "Hidden"}
    assert desk.tell("red", "open-negotiation", **opened, restriction=RED).status_code == 201
    party = {"negotiation": "backchannel", "party": "north", "name": "North", "kind": "state"}
    assert desk.tell("anybody", "add-party", **party).json()["code"] == "unknown"
    assert desk.tell("red", "add-party", **party, restriction=RED).status_code == 201
    for path in ("", "/positions", "/timeline", "/diff?from=2025-01-01&to=2025-12-31", "/ledger", "/calendar"):
        address = f"/v1/negotiations/backchannel{path}"
        there, nowhere = desk.ask("public", address), desk.ask("public", address.replace("backchannel", "nowhere"))
        assert (there.status_code, there.text) == (404, nowhere.text.replace("nowhere", "backchannel"))
    position = desk.head()
    names = {
        who: [item["key"] for item in desk.ask(who, "/v1/negotiations", min_position=position).json()["items"]]
        for who in PEOPLE
    }
    assert [who for who in PEOPLE if names[who] == ["backchannel"]] == ["red", "both", "auditor"]


def test_who_has_no_role_in_a_negotiation_finds_nothing_of_it(desk: Desk) -> None:
    begin(desk)
    PEOPLE["stranger"] = Identity("stranger", granted(("reader:other", "recorder:other")))
    try:
        position = desk.head()
        assert desk.ask("stranger", "/v1/negotiations", min_position=position).json()["items"] == []
        assert desk.ask("stranger", "/v1/records").json()["items"] == []
        assert desk.ask("stranger", "/v1/negotiations/talks").status_code == 404
        assert desk.ask("stranger", "/v1/negotiations/talks", as_of="2026-01-01").status_code == 404
        assert desk.ask("stranger", "/v1/tariffs", negotiation="talks").status_code == 404
        answer = desk.tell("stranger", "raise-issue", issue="cars", title="Cars")
        assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
    finally:
        del PEOPLE["stranger"]


def test_what_is_erased_stays_hidden_from_whom_it_was_hidden(desk: Desk) -> None:
    """And so does what a record hid that is itself erased."""
    begin(desk)
    for body in ({"note": "Ada Quillwort came.", "restriction": RED}, {"note": "Ada Quillwort went."}):
        assert desk.tell("red", "annotate", data_subject="Ada Quillwort", **body).status_code == 201
    noted = desk.tell("red", "annotate", note=f"To {SECRET}.").json()["id"]
    hidden = desk.tell("red", "restrict-record", record=noted, data_subject="Ada Quillwort", to=RED, reason="So.")
    assert hidden.status_code == 201, hidden.text
    before = {who: desk.ask(who, "/v1/records").json()["items"] for who in PEOPLE}
    eraser = Eraser(desk.settings.store(), lambda: datetime.fromisoformat(NOW))
    assert eraser.erase("Ada Quillwort", "Asked for.")
    eraser.close()
    for who in PEOPLE:
        after = desk.ask(who, "/v1/records").json()["items"]
        sees = who in {"red", "both", "auditor"}
        assert [item["envelope"]["id"] for item in after][: len(before[who])] == [
            item["envelope"]["id"] for item in before[who]
        ], who
        assert len(after) == len(before[who]) + 1 + sees, who
        told = [text for address, (_, text) in answers(desk, who).items() if SECRET not in address]
        assert (SECRET in json.dumps(told)) == sees, who
