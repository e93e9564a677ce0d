"""A proxy between the recorders and PostgreSQL that cuts a connection at a chosen point of the commit.

The points are answers of the server. One that is chosen has been given, and does not arrive: the client cannot know
whether what it asked for was done.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

POINTS: dict[str, bytes] = {
    "the beginning": b"BEGIN\x00",
    "the lock": b"SELECT 1\x00",
    "the records": b"COPY ",
    "the notification": b"NOTIFY\x00",
    "the commit": b"COMMIT\x00",
}
"""What the server answers at each point (the tags of `CommandComplete`)."""
CHUNK, JOIN_SECONDS = 65536, 10


class Proxy:
    """On a port of its own, for any number of connections."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._alone = Lock()
        self._open: list[tuple[socket.socket, socket.socket]] = []
        self._point: bytes | None = None
        self._cut = Event()
        self._threads: list[Thread] = []
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut_at(self, point: bytes, seconds: float) -> bool:
        """Cut one connection when this is answered on it; false where it is not within some time."""
        self._cut.clear()
        self._point = point
        done = self._cut.wait(seconds)
        self._point = None
        return done

    def cut_all(self) -> None:
        """Cut every connection, wherever it is."""
        with self._alone:
            pairs = list(self._open)
        for pair in pairs:
            _cut(*pair)

    def close(self) -> None:
        _cut(self._listening)
        self._accepting.join(JOIN_SECONDS)
        self.cut_all()
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    def _accept(self) -> None:
        with self._listening, suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._threads.append(Thread(target=self._connect, args=(client,), daemon=True))
                self._threads[-1].start()

    def _connect(self, client: socket.socket) -> None:
        """Pass on both ways. Who waits on a connection closes it, and nobody else: its number is soon another's."""
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._server_port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._alone:
                self._open.append((client, server))
            asking = Thread(target=_pass_on, args=(client, server, lambda _: False), daemon=True)
            asking.start()
            _pass_on(server, client, self._is_the_point)
            asking.join()
            with self._alone:
                self._open.remove((client, server))

    def _is_the_point(self, answer: bytes) -> bool:
        with self._alone:
            found = self._point is not None and self._point in answer
            if found:
                self._point = None
                self._cut.set()
        return found


def _pass_on(source: socket.socket, target: socket.socket, cuts: Callable[[bytes], bool]) -> None:
    with suppress(OSError):
        while (data := source.recv(CHUNK)) and not cuts(data):
            target.sendall(data)
    _cut(source, target)


def _cut(*ends: socket.socket) -> None:
    """Whoever waits on it finds it ended."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
