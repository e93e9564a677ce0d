"""The tokens of people: signed by the OpenID Connect issuer that was set, for this service, and valid now.

Only signatures that the issuer alone can make are taken: no `none`, and no secret shared with others (HS256), for which
a public key could be passed off.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.jwt import JWTClaimsRegistry

from infrastructure.issuer import Issuer

LEEWAY_SECONDS = 30
"""How far the clocks of issuers may be off."""
SEEN_MAX = 10_000
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_KINDS = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"}
_CLAIMS = ("iss", "aud", "sub", "exp", "nbf", "iat")
_PERSON = re.compile(r"[!-~]{1,255}")
Fault = Literal["unknown", "foreign", "expired", "early"]


class TokenRefused(Exception):
    """A token that does not count, and why: not to be verified, of another issuer or for another service, or out of
    its time."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


class _Registry(JWSRegistry):
    """Knows the algorithms above alone; what else a header says is of no account."""

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Without the library's warning: tokens still call Ed25519 by its older name, EdDSA."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class Tokens:
    """Verifies tokens. One that was is known again by its hash, until it expires or the issuer's keys change."""

    def __init__(self, issuer: Issuer, audience: str, clock: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._clock = clock
        self._registry = _Registry()
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.address},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._seen: dict[bytes, tuple[str, float]] = {}
        self._generation = issuer.generation

    def seen(self, token: str) -> str | None:
        """The subject of a token that was verified before and still counts."""
        if self._generation != self._issuer.generation:
            self._seen, self._generation = {}, self._issuer.generation
        mark = _mark(token)
        subject, until = self._seen.get(mark, (None, 0.0))
        if subject is not None and until <= self._clock().timestamp():
            del self._seen[mark]
            return None
        return subject

    async def subject(self, token: str) -> str:
        """The `sub` of a token. Raises `TokenRefused`, and `IssuerAway` where it cannot be verified now."""
        try:
            told = extract_compact(token.encode(), registry=self._registry)
            header = told.headers()
            if not _is_of_use(header):
                raise TokenRefused("unknown")
            key = await self._issuer.key(header.get("kid"), header["alg"])
            if key is None or not validate_compact(told, key, registry=self._registry):
                raise TokenRefused("unknown")
            return self._claimed(token, told)
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError):
            raise TokenRefused("unknown") from None

    def _claimed(self, token: str, told: CompactSignature) -> str:
        """What a token that was signed by the issuer claims."""
        claims = msgspec.json.decode(told.payload, type=dict[str, Any])
        try:
            self._claims.validate({name: claims[name] for name in _CLAIMS if name in claims})
        except ExpiredTokenError:
            raise TokenRefused("expired") from None
        except InvalidClaimError as error:
            faults: dict[str, Fault] = {"iss": "foreign", "aud": "foreign"}
            if isinstance(claims.get(error.claim), int | float):
                faults |= {"nbf": "early", "iat": "early"}
            raise TokenRefused(faults.get(error.claim, "unknown")) from None
        subject = claims["sub"]
        if not _PERSON.fullmatch(subject):
            raise TokenRefused("unknown")
        if len(self._seen) >= SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[_mark(token)] = subject, claims["exp"] + LEEWAY_SECONDS
        return str(subject)


def _is_of_use(header: dict[str, Any]) -> bool:
    """Whether a token is one that says who somebody is, and asks for nothing that is not known here."""
    kind, name = header.get("typ", "JWT"), header.get("kid")
    return (
        header.get("alg") in ALGORITHMS
        and isinstance(kind, str)
        and kind.lower() in _KINDS
        and (name is None or isinstance(name, str))
        and not header.keys() & {"crit", "b64"}
    )


def _mark(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=32).digest()
