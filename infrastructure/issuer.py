"""The keys of an OpenID Connect issuer: fetched when a token asks for one, kept, and asked for again as they rotate.

Only the request whose token has an unknown key waits for the issuer, and only for a few seconds. What the issuer says
is bounded, and only taken where nobody on the way can have changed it.
"""

import asyncio
import math
import time
from base64 import urlsafe_b64decode
from typing import Any, NamedTuple

import httpx2
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from infrastructure.settings import is_safe

AGAIN_SECONDS = 10.0
"""How long the issuer is not asked again, whatever tokens come."""
KEPT_SECONDS = 600.0
"""How old the keys become before they are asked for again: one that the issuer withdrew counts no longer then."""
PATIENCE_SECONDS = 4.0
DOCUMENT_MAX_BYTES = 512 * 1024
KEYS_MAX = 100
RSA_MIN_BITS = 2048
PublicKey = RSAKey | ECKey | OKPKey
_PUBLIC = {
    "RSA": ("kty", "n", "e", "kid", "use", "alg", "key_ops"),
    "EC": ("kty", "crv", "x", "y", "kid", "use", "alg", "key_ops"),
    "OKP": ("kty", "crv", "x", "kid", "use", "alg", "key_ops"),
}
"""What is read of a key, by its kind. Secrets shared with the issuer (`oct`) are none."""
_KIND = {"R": "RSA", "P": "RSA", "E": "EC"}

_log = structlog.get_logger()


class IssuerAway(Exception):
    """The issuer's keys are not known, and it does not answer."""


class _NotUsable(Exception):
    """What the issuer answered is not to be relied on."""


class IssuerKey(NamedTuple):
    """A key, with the name under which tokens speak of it."""

    name: str | None
    kind: str
    key: PublicKey


class Issuer:
    """The keys of one issuer, for one event loop."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.generation = 0
        """Goes up as the keys change."""
        self._keys: list[IssuerKey] | None = None
        self._told: Any = None
        self._asked = -math.inf
        self._asking: asyncio.Task[None] | None = None
        self._http = httpx2.AsyncClient(timeout=PATIENCE_SECONDS, follow_redirects=False)

    async def key(self, name: str | None, algorithm: str) -> PublicKey | None:
        """The one key that a token speaks of. Raises `IssuerAway`."""
        found = self._find(name, algorithm)
        if found is None:
            await self._refresh()
            found = self._find(name, algorithm)
        elif time.monotonic() - self._asked > KEPT_SECONDS:
            self._begin()
        if self._keys is None:
            raise IssuerAway
        return found

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await self._http.aclose()

    def _find(self, name: str | None, algorithm: str) -> PublicKey | None:
        """A token that names no key is of the one key of its kind; where there are several, of none."""
        kind = "OKP" if algorithm.startswith("Ed") else _KIND[algorithm[0]]
        found = [key for key in self._keys or () if key.kind == kind and name in (None, key.name)]
        return found[0].key if len(found) == 1 else None

    async def _refresh(self) -> None:
        """All who wait for the issuer wait for the same answer."""
        if self._asking is None and time.monotonic() - self._asked > AGAIN_SECONDS:
            self._begin()
        if self._asking:
            await asyncio.wait([self._asking])

    def _begin(self) -> None:
        if self._asking is None:
            self._asked = time.monotonic()
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        """What is known stays where the issuer does not answer."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                told = await self._fetched()
            keys = [key for key in map(_read, told[:KEYS_MAX]) if key]
            if told != self._told:
                self._keys, self._told = keys, told
                self.generation += 1
        except Exception as error:
            _log.warning(
                "the issuer's keys cannot be had", issuer=self.address, error=f"{type(error).__name__}: {error}"
            )
        finally:
            self._asking = None

    async def _fetched(self) -> list[Any]:
        document = await self._document(f"{self.address.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.address:
            raise _NotUsable("the document is of another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_safe(address):
            raise _NotUsable("its keys are not at an https address")
        keys = (await self._document(address)).get("keys")
        if not isinstance(keys, list):
            raise _NotUsable("there is no list of keys")
        return keys

    async def _document(self, address: str) -> dict[str, Any]:
        body = b""
        async with self._http.stream("GET", address) as answer:
            if answer.status_code != 200:
                raise _NotUsable(f"{address} answers with {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > DOCUMENT_MAX_BYTES:
                    raise _NotUsable(f"{address} answers with more than {DOCUMENT_MAX_BYTES} bytes")
        return msgspec.json.decode(body, type=dict[str, Any])


def _read(told: Any) -> IssuerKey | None:
    """A key for signatures that is strong enough; all else is left aside."""
    try:
        if told["kty"] not in _PUBLIC or told.get("use", "sig") != "sig":
            return None
        if told["kty"] == "RSA" and int.from_bytes(urlsafe_b64decode(told["n"] + "==")).bit_length() < RSA_MIN_BITS:
            return None
        key = JWKRegistry.import_key({name: told[name] for name in _PUBLIC[told["kty"]] if name in told})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    name = told.get("kid")
    return IssuerKey(name if isinstance(name, str) else None, told["kty"], key)  # type: ignore[arg-type]
