"""How much one identity may ask for, and what becomes of those who fail on; and what it costs to know who asks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from application.credentials import Known, digest, new_key
from infrastructure.identities import POLL_SECONDS
from infrastructure.settings import Settings
from interfaces import gate, limits
from interfaces.limits import Buckets, Limits
from interfaces.main import application
from interfaces.problems import Problem
from interfaces.watching import Watch
from tests.interfaces.test_identity import HERE, ask, refused


class Timer:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def known(app: Any, name: str, *grants: str) -> str:
    key = new_key(name)
    app.state.access.add_key(Known(name, "key", digest(key), grants, (), datetime.now(UTC).isoformat(), "test"))
    return key


@pytest.fixture
def narrow(settings: Settings) -> Iterator[TestClient]:
    chosen = Settings(database=settings.database, requests_a_second=0.1, requests_at_once=2)
    service = application(chosen, guarded=True, watch=Watch(logs=True))
    with TestClient(service, HERE, raise_server_exceptions=False) as client:
        yield client


def test_a_bucket_fills_again_at_its_rate() -> None:
    timer = Timer()
    buckets = Buckets(10.0, timer=timer)
    assert [buckets.take("desk") for _ in range(10)] == [0.0] * 10
    assert buckets.take("desk") == pytest.approx(0.1)
    assert buckets.is_empty("desk")
    assert not buckets.is_empty("other")
    assert buckets.take("other") == 0.0
    timer.at = 0.1
    assert not buckets.is_empty("desk")
    assert buckets.take("desk") == 0.0
    assert buckets.take("desk") > 0
    timer.at = 1000.0
    assert [buckets.take("desk") for _ in range(11)][9:] == [0.0, pytest.approx(0.1)]


def test_buckets_take_no_more_memory_than_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS_MAX", 100)
    timer = Timer()
    buckets = Buckets(1.0, 2.0, timer=timer)
    for number in range(1000):
        buckets.take(str(number))
    assert len(buckets._held) == 100
    timer.at = 10.0
    buckets.take("one")
    assert len(buckets._held) == 1, "those that are full again are forgotten"


def test_as_many_are_answered_at_once_as_may_be() -> None:
    limits = Limits(1000.0, 2)
    limits.begin("desk")
    limits.begin("desk")
    limits.begin("other")
    with pytest.raises(Problem) as raised:
        limits.begin("desk")
    assert (raised.value.status, raised.value.document["code"]) == (429, "too-many-requests")
    limits.end("desk")
    limits.begin("desk")
    for name in ("desk", "desk", "other"):
        limits.end(name)
    assert limits._running == {}


def test_who_asks_too_often_is_told_when_to_come_again(narrow: TestClient) -> None:
    desk, other = known(narrow.app, "desk", "reader:*"), known(narrow.app, "other", "reader:*")
    assert ask(narrow, f"Bearer {desk}").status_code == 200
    answer = ask(narrow, f"Bearer {desk}")
    assert refused(answer, desk) == (429, "too-many-requests", None)
    assert 0 < int(answer.headers["retry-after"]) <= 10
    assert ask(narrow, f"Bearer {other}").status_code == 200, "one takes nothing from another"


def test_a_request_that_fails_is_under_way_no_longer(narrow: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = narrow.app.state.guard  # type: ignore[attr-defined]
    guard.limits = Limits(1000.0, 2)
    desk = known(narrow.app, "desk", "reader:*", "recorder:*")
    for _ in range(5):
        assert ask(narrow, f"Bearer {desk}", path="/v1/nowhere").status_code == 404
    assert guard.limits._running == {}


def test_whoever_is_on_this_machine_is_not_limited(narrow: TestClient) -> None:
    assert [ask(narrow).status_code for _ in range(20)] == [200] * 20


def test_failures_are_answered_and_logged_only_so_often(narrow: TestClient) -> None:
    """And a right key is taken all the same: others may come from the same address."""
    desk = known(narrow.app, "desk", "reader:*")
    guard = narrow.app.state.guard  # type: ignore[attr-defined]
    guard._failures = Buckets(0.01, 5.0)
    with capture_logs() as lines:
        codes = [refused(ask(narrow, f"Bearer {new_key('desk')}"))[1] for _ in range(20)]
    assert codes == ["unknown-credential"] * 5 + ["too-many-requests"] * 15
    answer = ask(narrow)
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert [(line["code"], line["client"]) for line in lines] == [("unknown-credential", "testclient")] * 5
    assert ask(narrow, f"Bearer {desk}").status_code == 200


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::5", "2001:db8:1:2::/64"),
        ("2001:db8::a:b:c:d", "2001:db8::/64"),
        ("2001:db8::e:b:c:d", "2001:db8::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_of_ipv6_counts_with_its_network(address: str, counted: str) -> None:
    assert gate._client({"client": (address, 1)}) == counted
    assert gate._client({"client": None}) == ""


def test_who_asks_is_asked_again_at_the_end_of_a_body(settings: Settings) -> None:
    """A body can be on its way for minutes."""

    async def slowly() -> tuple[int, dict[str, Any], int]:
        app = application(settings, guarded=True)
        async with app.router.lifespan_context(app):
            key = known(app, "desk", "recorder:*")
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

            async def body() -> AsyncIterator[bytes]:
                yield b'{"negotiation": "talks", "title": "Talks",'
                app.state.access.revoke_key("desk", datetime.now(UTC), "test")
                await asyncio.sleep(POLL_SECONDS + 0.05)
                yield b' "occurred": "2025-01-02"}'

            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url=HERE) as http:
                told = await http.post("/v1/records/open-negotiation", content=body(), headers=headers)
                return told.status_code, told.json(), app.state.log.head()

    status, problem, head = asyncio.run(slowly())
    assert (status, problem["code"], head) == (401, "credential-revoked", 0)


def test_what_was_let_in_before_a_key_was_revoked_is_answered(settings: Settings) -> None:
    """And what comes after it is not, however many are still on their way."""

    async def race() -> tuple[list[int], httpx2.Response]:
        app = application(settings, guarded=True)
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url=HERE) as http:
                headers = {"Authorization": f"Bearer {known(app, 'desk', 'recorder:*')}"}

                def opened(number: int) -> Any:
                    body = {"negotiation": f"talks-{number}", "title": "Talks", "occurred": "2025-01-02"}
                    return http.post("/v1/records/open-negotiation", json=body, headers=headers)

                sent = [asyncio.ensure_future(opened(number)) for number in range(50)]
                while not app.state.guard.limits._running:
                    await asyncio.sleep(0)
                app.state.access.revoke_key("desk", datetime.now(UTC), "test")
                after = await opened(50)
                return [answer.status_code for answer in await asyncio.gather(*sent)], after

    before, after = asyncio.run(race())
    assert set(before) <= {201, 401}
    assert 201 in before
    assert (after.status_code, after.json()["code"]) == (401, "credential-revoked")
