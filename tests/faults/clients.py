"""The load: clients that record over HTTP, ask again with the same key until they are answered, and note each answer."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from itertools import count
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from tests.bench.course import claim, ground

LENGTH = 400
"""How many records a negotiation gets before the clients go on to the next."""
THINK_SECONDS, PAUSE_SECONDS, PATIENCE_SECONDS = 0.02, 0.05, 90
Told = dict[str, Any]


class Acknowledged(NamedTuple):
    """What a client was told about one request."""

    key: str
    correlation: str
    answer: Told


class Load:
    """Some clients at once. All of them work on one negotiation, and tell what stands at its beginning."""

    def __init__(self, ports: list[int], clients: int, seed: int) -> None:
        self.ports = ports
        self.acknowledged: list[Acknowledged] = []
        self.wrong: list[str] = []
        """Answers that no client should have had."""
        self.unsure = self.full = 0
        """How many requests were not answered, or put off; how many found the disk full."""
        self.numbers = count()
        self.over = Event()
        self._alone = Lock()
        self._clients = [Client(self, random.Random(seed + number)) for number in range(clients)]

    def start(self) -> None:
        self._clients[0].tell_ground(0)
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """Each client ends when it is answered."""
        self.over.set()
        for client in self._clients:
            client.join()

    def note(self, acknowledged: Acknowledged) -> None:
        with self._alone:
            self.acknowledged.append(acknowledged)

    def note_wrong(self, what: str) -> None:
        with self._alone:
            self.wrong.append(what)

    def note_unanswered(self, status: int) -> None:
        with self._alone:
            self.unsure += 1
            self.full += status == 507

    def goes_on(self, more: int, seconds: float) -> bool:
        """Whether so many more records are acknowledged within some time."""
        until, deadline = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < until and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self.acknowledged) >= until


class Client(Thread):
    """One connection at a time, to one of the recorders; to any other where that one does not answer."""

    def __init__(self, load: Load, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._load = load
        self._chance = chance
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for key, told in self._course():
            if self._load.over.is_set():
                break
            self._record(key, told)
            time.sleep(self._chance.random() * THINK_SECONDS)
        self._hang_up()

    def _course(self) -> Iterator[tuple[str, Told]]:
        known = 0
        for number in self._load.numbers:
            talks = number // LENGTH
            if talks != known:
                known = talks
                self.tell_ground(talks)
            yield f"key-{number}", self._something(f"talks-{talks}", f"n{number}")

    def tell_ground(self, talks: int) -> None:
        """What stands at the beginning of a negotiation: all clients tell it with the same keys, and it is there once."""
        for n, told in enumerate(ground(f"talks-{talks}")):
            self._record(f"ground-{talks}-{n}", told)

    def _something(self, negotiation: str, name: str) -> Told:
        """A record at some time of the talks: late ones and corrections make the views fold anew."""
        occurred = f"2025-{self._chance.randrange(1, 13):02}-{self._chance.randrange(1, 29):02}"
        told = {"negotiation": negotiation, "occurred": occurred}
        match self._chance.randrange(20):
            case 0 | 1 | 2:
                return told | {"command": "annotate", "note": f"Note {name}."}
            case 3 | 4:
                amount = {"amount": str(self._chance.randrange(1, 10**6)), "currency": "USD"}
                return told | {"command": "register-interest", "tranche": name, "amount": amount}
            case 5 | 6:
                title = {"title": f"Article {name}", "publisher": "P", "kind": "article"}
                return told | {"command": "register-source", "source": name} | title
            case 7 if mine := [one for one in self._load.acknowledged[-50:] if self._is_note(one, negotiation)]:
                wrong = self._chance.choice(mine).answer["id"]
                amended = {"record": wrong, "changes": {"note": f"Better {name}."}, "reason": "It was misheard."}
                return told | {"command": "correct-record"} | amended
        return claim(negotiation, name, occurred, self._chance)

    def _is_note(self, one: Acknowledged, negotiation: str) -> bool:
        return (one.answer["type"], one.answer["negotiation"]) == ("Negotiation.Annotated", negotiation)

    def _record(self, key: str, told: Told) -> None:
        correlation = str(uuid5(NAMESPACE_OID, key))
        body = json.dumps({name: told[name] for name in told if name != "command"} | {"correlation": correlation})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status, answer = self._posted(f"/v1/records/{told['command']}", key, body)
            if status == 201:
                self._load.note(Acknowledged(key, correlation, answer))
                return
            if status not in (0, 503, 507):
                self._load.note_wrong(f"{key} was answered with {status}: {answer}")
                return
            self._load.note_unanswered(status)
            self._hang_up()
            time.sleep(PAUSE_SECONDS)
        self._load.note_wrong(f"{key} was not answered within {PATIENCE_SECONDS} s")

    def _posted(self, path: str, key: str, body: str) -> tuple[int, Told]:
        """The answer; status 0 where there was none."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._chance.choice(self._load.ports), timeout=30
                )
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._hang_up()
            return 0, {}

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None
