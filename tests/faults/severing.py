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
CHUNK = 65536


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
        Thread(target=self._accept, daemon=True).start()

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
            pairs, self._open = self._open, []
        for pair in pairs:
            _hang_up(*pair)

    def close(self) -> None:
        _hang_up(self._listening)
        self.cut_all()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            _hang_up(client)
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._alone:
            self._open.append((client, server))
        Thread(target=_pass_on, args=(client, server, lambda _: False), daemon=True).start()
        _pass_on(server, client, self._is_the_point)
        with self._alone, suppress(ValueError):
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
    _hang_up(source, target)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
