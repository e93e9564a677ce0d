"""An OpenID Connect issuer for the tests, on a free port: it signs tokens, and its keys rotate when it is told to."""

import json
import threading
import time
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

AUDIENCE = "parley"
Key = RSAKey | ECKey | OKPKey | OctKey


@cache
def first_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


class TestIssuer:
    """What it answers can be changed while it runs."""

    __test__ = False

    def __init__(self) -> None:
        self.key: Key = first_key()
        self.published: list[dict[str, Any]] = [self.key.as_dict(private=False)]
        self.asked = 0
        self.answers, self.waits = threading.Event(), False
        self.answers.set()
        self.status = 200
        self.document: dict[str, Any] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self)

            def log_message(self, *told: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.waits = True
        self.answers.wait(30)
        if request.path == "/keys":
            self.asked += 1
            told: dict[str, Any] = {"keys": self.published}
        else:
            told = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"} | self.document
        body = json.dumps(told).encode()
        with suppress(BrokenPipeError):  # who asked has given up
            self._send(request, body)

    def _send(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        request.send_response(self.status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def rotate(self, key: Key, *, keep: bool = True) -> None:
        self.key = key
        self.published = [*(self.published if keep else ()), key.as_dict(private=False)]

    def token(
        self, *, header: dict[str, Any] | None = None, key: Key | None = None, left_out: str = "", **claims: Any
    ) -> str:
        """A token for somebody, right in all that is not told otherwise."""
        now = int(time.time())
        told = {"iss": self.address, "aud": AUDIENCE, "sub": "ada", "exp": now + 300, "iat": now} | claims
        told.pop(left_out, None)
        used = key or self.key
        said = {"alg": "RS256", "kid": used.kid} | (header or {})
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, told, used, algorithms=[said["alg"]])

    def close(self) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
