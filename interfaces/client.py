"""A client of the HTTP interface, for the command line: over the network, or of a service within this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from infrastructure.settings import Settings
from interfaces.main import application

Item = dict[str, Any]
Params = dict[str, Any]


class Failed(Exception):
    """The message is for the user; `line` is the one at fault of the many that were sent, from 1."""

    def __init__(self, detail: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {detail}" if line else detail)
        self.detail = detail
        self.line = line


class NotThere(Failed):
    """There is no such document."""


class Client:
    """What the commands ask of a service. Whatever is answered with a problem is raised as `Failed`."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def document(self, path: str, params: Params | None = None) -> Item:
        """One answer, as it is."""
        return dict(_checked(await self._http.get(path, params=params)).json())

    async def items(self, path: str, params: Params) -> list[Item]:
        """All the documents of a list, page by page; or the one document."""
        return [item for answer in await self.answers(path, params) for item in answer.get("items", [answer])]

    async def answers(self, path: str, params: Params) -> list[Item]:
        """All the pages of a list; or the one document."""
        answers: list[Item] = []
        asked = dict(params)
        while True:
            answers.append(answer := await self.document(path, asked))
            if answer.get("next") is None:
                return answers
            asked["after" if path == "/v1/records" else "cursor"] = answer["next"]

    async def sent(self, path: str, lines: bytes, params: Params | None = None, key: str | None = None) -> Item:
        """The answer to many commands; `key` makes it safe to send them again."""
        headers = {"Content-Type": "application/x-ndjson"} | ({"Idempotency-Key": key} if key else {})
        return dict(_checked(await self._http.post(path, content=lines, params=params, headers=headers)).json())

    async def changed(self, method: str, path: str, body: Item | None = None) -> Item:
        """The answer to a change of who is known."""
        return dict(_checked(await self._http.request(method, path, json=body)).json())


@asynccontextmanager
async def connected(url: str | None, settings: Settings) -> AsyncIterator[Client]:
    """A client of a running service, or of one that lives in this process alone, on views that are up to date."""
    if url:
        headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"} if settings.key else None
        async with httpx2.AsyncClient(base_url=url, timeout=120, headers=headers) as http:
            yield Client(http)
        return
    service = application(settings)
    async with service.router.lifespan_context(service):
        transport = httpx2.ASGITransport(app=service)
        async with httpx2.AsyncClient(transport=transport, base_url="http://parley", timeout=None) as http:
            yield Client(http)


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code >= 400:
        try:
            problem = answer.json()
            detail, line = str(problem["detail"]), problem.get("line")
        except (ValueError, KeyError, TypeError):
            detail, line = f"The service answers with {answer.status_code}, and does not say why.", None
        raise (NotThere if answer.status_code == 404 else Failed)(detail, line)
    return answer
