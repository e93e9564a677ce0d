"""A service on a store of its own, and a negotiation to begin with."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi.testclient import TestClient

from infrastructure.settings import Settings
from interfaces import logs, stores
from interfaces.main import application, now
from tests.interfaces.office import Office

Tell = Callable[..., httpx2.Response]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/parley.db")


@pytest.fixture(autouse=True)
def views_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read with a position comes from the stored views, as whatever is read after it."""
    monkeypatch.setattr(stores, "SOON_SECONDS", stores.WAIT_SECONDS)


@pytest.fixture(autouse=True)
def what_is_logged() -> Iterator[None]:
    """Goes where a service writes it, in each test for itself."""
    logs.configure("json")
    yield
    structlog.reset_defaults()


class Clock:
    """What the service takes for the time: the real one, until a test sets it."""

    def __init__(self) -> None:
        self.at: str | None = None

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.at) if self.at else now()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Iterator[TestClient]:
    with TestClient(application(settings, clock=clock), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def tell(client: TestClient) -> Tell:
    """Send a command about the negotiation `talks`, which is open and has two parties and an issue."""

    def send(command: str, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
        told = {"negotiation": "talks", "occurred": "2025-01-02"} | body
        return client.post(f"/v1/records/{command}", json=told, headers=headers)

    assert send("open-negotiation", title="Talks").status_code == 201
    assert send("add-party", party="north", name="North", kind="state").status_code == 201
    assert send("add-party", party="south", name="South", kind="state").status_code == 201
    assert send("raise-issue", issue="fish", title="Fish").status_code == 201
    return send


@pytest.fixture
def read(client: TestClient) -> Callable[..., Any]:
    """An answer that rests on all that was recorded so far."""

    def get(path: str, **params: Any) -> Any:
        log = client.get("/v1/records", params={"limit": 1})
        head = log.headers["parley-position"]
        answer = client.get(path, params=params | {"min_position": head})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


@pytest.fixture
def chosen(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store that the command line works on."""
    monkeypatch.setenv("PARLEY_DATABASE", address)
    return address


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    """A service on a store of each kind, and who records and reads there."""
    with TestClient(application(Settings(database=address)), raise_server_exceptions=False) as client:
        yield Office(client)
