"""The gate: who asks is settled before anything else of a request is looked at, its body least of all.

Where nobody is known yet, the service is open to whoever is on this machine. A browser on this machine also speaks for
the pages of others: so an open service answers only to the names that no other machine can have, and to no page but
its own.
"""

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.access import LOCAL, Identity, operations
from application.credentials import is_right, named_in
from infrastructure.identities import POLL_SECONDS, Identities
from infrastructure.issuer import IssuerAway
from infrastructure.oidc import Fault, TokenRefused, Tokens
from infrastructure.settings import is_loopback
from interfaces import problems
from interfaces.limits import Buckets, Limits, too_many
from interfaces.problems import Problem

CREDENTIAL_MAX_BYTES = 8192
FAILURES_A_SECOND, FAILURES_AT_ONCE = 5.0, 200.0
"""How many requests without credentials that count one address may send before it is answered no more but that. Right
keys are taken from it all the same: it may be a proxy that others share, and nobody guesses 256 bits."""
NOBODY = Identity("nobody", {})
"""Who asks for what needs no identity."""
_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
_OPERATED = {"/metrics": "metrics"}
"""What asks nobody itself who may have it."""
_PROXIES = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_LOCAL_HOST = rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?"
_HOST = re.compile(_LOCAL_HOST, re.IGNORECASE)
_ORIGIN = re.compile(rb"https?://" + _LOCAL_HOST, re.IGNORECASE)
_NETWORK_BITS = 64
"""What is given to one household or machine of IPv6 (RFC 4291, section 2.5.1)."""
CREDENTIAL_IN_ADDRESS = "credential-in-address"
"""The code of the one refusal of which the address is written down nowhere."""
_CREDENTIAL = re.compile(rb"[!-~]{1,%d}" % CREDENTIAL_MAX_BYTES)
_TELLING = frozenset({"access_token", "token", "id_token", "api_key", "apikey", "authorization"})
_SUSPECT = re.compile(rb"parley_|eyJ|token|key|authorization|%", re.IGNORECASE)
_SECRET = re.compile(r"parley_[a-z0-9-]+_[A-Za-z0-9_-]{20}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.")


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
    return _problem(CREDENTIAL_IN_ADDRESS, f"{told} show another in the Authorization header.", 400)


_TOKENS: dict[Fault, tuple[str, str]] = {
    "foreign": ("foreign-credential", "This token is of another issuer, or for another service."),
    "expired": ("credential-expired", "This token has expired: get another from its issuer."),
    "early": ("credential-not-yet-valid", "This token does not count yet."),
}


class Guard:
    """Knows by its credentials who asks."""

    def __init__(
        self, identities: Identities, clock: Callable[[], datetime], limits: Limits, tokens: Tokens | None = None
    ) -> None:
        """Without an issuer's `tokens` there are keys alone."""
        self.limits = limits
        self._identities = identities
        self._clock = clock
        self._tokens = tokens
        self._failures = Buckets(FAILURES_A_SECOND, FAILURES_AT_ONCE)

    async def identity(self, scope: Scope) -> Identity:
        """Who asks. Raises a problem where that is not to be known."""
        if _is_in_address(scope["path"], scope["query_string"]):
            raise in_address()
        credential = _credential(scope["headers"])
        if credential is not None:
            if self._tokens is None or named_in(credential):
                return self._with_key(credential)
            return self._person(self._tokens.seen(credential) or await self._subject(self._tokens, credential, scope))
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

    async def _subject(self, tokens: Tokens, token: str, scope: Scope) -> str:
        """Whom a token is of that was not seen before; whoever failed too often has none verified for a while."""
        if self._failures.is_empty(_client(scope)):
            raise unknown()
        try:
            return await tokens.subject(token)
        except TokenRefused as refused:
            raise (_problem(*_TOKENS[refused.fault]) if refused.fault in _TOKENS else unknown()) from None
        except IssuerAway:
            detail = "The issuer of tokens does not answer, so that none can be verified; keys are."
            raise Problem(503, "issuer-away", detail, headers={"Retry-After": "10"}) from None

    def _person(self, subject: str) -> Identity:
        """A person of whom nothing is on file may do nothing."""
        held = self._identities.find(subject)
        if held is None or held.known.kind != "person" or held.known.revoked:
            return Identity(subject, {})
        return held.identity

    def refused(self, scope: Scope, error: Exception) -> Problem:
        """What is answered where it is not known who asks, and to one that fails on."""
        problem = problems.of_error(error)
        if problem.status == 429:
            return problem
        wait = self._failures.take(_client(scope))
        if wait and problem.status < 500:
            return too_many("Too many requests from this address had no credentials that count.", wait)
        return problem

    def _is_open(self, scope: Scope) -> bool:
        """Whether nobody is or was known, nor can be, and nobody else can reach this connection."""
        if self._tokens is not None:
            return False
        return not self._identities.any and scope["server"] is not None and is_loopback(scope["server"][0])


class Gate:
    """Stands before all else in a service that others can reach."""

    def __init__(self, app: ASGIApp, guard: Callable[[], Guard]) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        guard = self._guard()
        try:
            identity = scope["identity"] = await guard.identity(scope)
            operated = _OPERATED.get(scope["path"])
            if operated and not identity.may_anywhere(operated):
                raise problems.not_permitted(identity.name, operated, operations()[operated])
            name = _limited(identity)
            if name is not None:
                guard.limits.begin(name)
        except Exception as error:
            problem = guard.refused(scope, error)
            if _has_long_body(scope["headers"]):
                problem.headers = (problem.headers or {}) | {"Connection": "close"}
            await problems.answer(problem)(scope, receive, send)
            return

        began = time.monotonic()

        async def received() -> Message:
            """Who asks is asked again at the end of a body that was long on its way."""
            message = await receive()
            is_end = message["type"] == "http.request" and not message.get("more_body")
            if is_end and time.monotonic() - began > POLL_SECONDS:
                scope["identity"] = await guard.identity(scope)
            return message

        try:
            await self._app(scope, received, send)
        finally:
            if name is not None:
                guard.limits.end(name)


def _has_long_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether more would come that nobody wants than a connection that is opened anew costs."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and len(value) > len(b"65536")):
            return True
    return False


def _limited(identity: Identity) -> str | None:
    """By which name requests are counted: whoever is on this machine is not limited, and who may nothing is one."""
    if identity is LOCAL:
        return None
    return identity.name if identity.roles else NOBODY.name


def _client(scope: Scope) -> str:
    """The address that a request comes from; of IPv6 the network, of which one has many addresses."""
    told = str(scope["client"][0]) if scope["client"] else ""
    try:
        address = IPv6Address(told)
    except ValueError:
        return told
    return str(address.ipv4_mapped or IPv6Network((address, _NETWORK_BITS), strict=False))


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
