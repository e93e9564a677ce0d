"""The gate: who asks is settled before anything else of a request is looked at, its body least of all.

Where nobody is known yet, the service is open to whoever is on this machine. A browser on this machine also speaks for
the pages of others: so an open service answers only to the names that no other machine can have, and to no page but
its own.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import parse_qsl

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from application.access import LOCAL, Identity, operations
from application.credentials import is_right, named_in
from infrastructure.identities import Identities
from infrastructure.settings import is_loopback
from interfaces import problems
from interfaces.problems import Problem

CREDENTIAL_MAX_BYTES = 8192
NOBODY = Identity("nobody", {})
"""Who asks for what needs no identity."""
_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/docs", "/redoc", "/openapi.json"})
_OPERATED = {"/metrics": "metrics"}
"""What is no operation of the document, and yet not everybody's."""
_PROXIES = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_LOCAL_HOST = rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?"
_HOST = re.compile(_LOCAL_HOST, re.IGNORECASE)
_ORIGIN = re.compile(rb"https?://" + _LOCAL_HOST, re.IGNORECASE)
_CREDENTIAL = re.compile(rb"[!-~]{1,%d}" % CREDENTIAL_MAX_BYTES)
_TELLING = frozenset({"access_token", "token", "id_token", "api_key", "apikey", "authorization"})
_SUSPECT = re.compile(rb"parley_|eyJ|token|key|authorization|%", re.IGNORECASE)
_SECRET = re.compile(r"parley_[a-z0-9-]+_[A-Za-z0-9_-]{20}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.")

_log = structlog.get_logger()


def _problem(code: str, detail: str, status: int = 401) -> Problem:
    """A 401 says how to authenticate (RFC 6750, section 3); no detail repeats what was shown."""
    error = "" if code == "no-identity" else ', error="invalid_token"'
    headers = {"WWW-Authenticate": f'Bearer realm="parley"{error}'} if status == 401 else None
    return Problem(status, code, detail, headers=headers)


def no_identity() -> Problem:
    how = "`Authorization: Bearer` and a key or a token (PARLEY_KEY, for the command line)"
    return _problem("no-identity", f"Say who asks, with {how}.")


def unknown() -> Problem:
    """One answer for what is malformed, unknown and wrong: nobody learns which names there are."""
    return _problem("unknown-credential", "This is no key or token that is known here.")


def in_address() -> Problem:
    told = "Addresses are kept in logs and histories, so a key or token in one is no secret any more: revoke it, and"
    return _problem("credential-in-address", f"{told} show another in the Authorization header.", 400)


class Guard:
    """Knows by its credentials who asks."""

    def __init__(self, identities: Identities, clock: Callable[[], datetime]) -> None:
        self._identities = identities
        self._clock = clock

    async def identity(self, scope: Scope) -> Identity:
        """Who asks. Raises a problem where that is not to be known."""
        if _is_in_address(scope["path"], scope["query_string"]):
            raise in_address()
        credential = _credential(scope["headers"])
        if credential is not None:
            return self._with_key(credential)
        if self._is_open(scope) and _is_from_here(scope["headers"]):
            return LOCAL
        if scope["path"] in _OPEN_PATHS:
            return NOBODY
        if self._is_open(scope):
            detail = "This service runs open, for this machine alone: others need a key, and so does a proxy."
            raise _problem("open-to-this-machine-alone", detail, 403)
        raise no_identity()

    def _with_key(self, key: str) -> Identity:
        """What is wrong with a key is told to whoever has it, and to nobody else."""
        name = named_in(key)
        held = self._identities.find(name) if name else None
        if not is_right(key, held and held.known.digest) or held is None:
            raise unknown()
        if held.known.revoked:
            raise _problem("credential-revoked", f"The key {name} was revoked: ask an administrator for another.")
        if held.until and held.until <= self._clock():
            raise _problem("credential-expired", f"The key {name} has expired: ask an administrator for another.")
        return held.identity

    def _is_open(self, scope: Scope) -> bool:
        """Whether nobody is or was known, and nobody else can reach this connection."""
        return not self._identities.any and scope["server"] is not None and is_loopback(scope["server"][0])


class Gate:
    """Stands before all else in a service that others can reach."""

    def __init__(self, app: ASGIApp, guard: Callable[[], Guard]) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                identity = scope["identity"] = await self._guard().identity(scope)
                operated = _OPERATED.get(scope["path"])
                if operated and not identity.may_anywhere(operated):
                    raise problems.not_permitted(identity.name, operated, operations()[operated])
            except Exception as error:
                await problems.answer(_refused(scope, error))(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)


def _refused(scope: Scope, error: Exception) -> Problem:
    problem = problems.of_error(error)
    client = scope["client"][0] if scope["client"] else None
    _log.warning("a request was refused", code=problem.document["code"], client=client)
    return problem


def _credential(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What stands in the one Authorization header."""
    told = [value for name, value in headers if name == b"authorization"]
    if not told:
        return None
    if len(told) > 1:
        raise _problem("several-credentials", "There is more than one Authorization header.")
    scheme, _, credential = told[0].partition(b" ")
    if scheme.lower() != b"bearer":
        raise _problem("unknown-scheme", "The one scheme of Authorization that is known here is Bearer.")
    credential = credential.strip(b" ")
    if not _CREDENTIAL.fullmatch(credential):
        raise unknown()
    return credential.decode()


def _is_in_address(path: str, query: bytes) -> bool:
    """Whether an address holds what looks like a key or a token, or calls something so."""
    if ("parley_" in path or "eyJ" in path) and _SECRET.search(path):
        return True
    if not query or not _SUSPECT.search(query):
        return False
    told = parse_qsl(query.decode("latin-1"), keep_blank_values=True, separator="&")
    return any(name.strip().lower() in _TELLING or _SECRET.search(f"{name} {value}") for name, value in told)


def _is_from_here(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request was sent by somebody on this machine: not through a proxy, nor by a page from elsewhere."""
    named = False
    for name, value in headers:
        if name in _PROXIES or (name == b"origin" and not _ORIGIN.fullmatch(value)):
            return False
        if name == b"host":
            if not _HOST.fullmatch(value):
                return False
            named = True
    return named
