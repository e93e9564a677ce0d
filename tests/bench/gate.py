"""What it costs to know who asks: `python tests/bench/gate.py` prints the microseconds that the gate adds to a request.

Without what a server and a socket cost; the application behind the gate answers nothing.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from application.credentials import Known, digest, new_key
from infrastructure.access import AccessStore
from infrastructure.identities import Identities
from infrastructure.issuer import Issuer
from infrastructure.oidc import Tokens
from infrastructure.settings import Settings
from interfaces.gate import Gate, Guard
from interfaces.limits import Limits
from tests.interfaces.issuing import AUDIENCE, TestIssuer

REQUESTS = 50_000


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


async def measured(app: Any, authorization: str) -> float:
    """Microseconds a request."""
    headers = [(b"host", b"parley"), (b"accept", b"*/*"), (b"user-agent", b"bench"), (b"accept-encoding", b"gzip")]
    if authorization:
        headers.append((b"authorization", authorization.encode()))
    told = {"type": "http", "path": "/v1/negotiations/talks", "query_string": b"", "headers": headers}
    begun = time.perf_counter()
    for _ in range(REQUESTS):
        await app({**told, "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1)}, None, None)
    return (time.perf_counter() - begun) / REQUESTS * 1e6


async def main() -> None:
    issuer = TestIssuer()
    with tempfile.TemporaryDirectory() as folder:
        store = AccessStore(Settings(database=f"sqlite:///{folder}/parley.db").store())
        key, at = new_key("desk"), datetime.now(UTC).isoformat()
        store.add_key(Known("desk", "key", digest(key), ("reader:*",), (), at, "bench"))
        store.set_person(Known("ada", "person", "", ("reader:*",), (), at, "bench"))
        identities = Identities(store)
        keys = Issuer(issuer.address)
        tokens = Tokens(keys, AUDIENCE, lambda: datetime.now(UTC))
        guard = Guard(identities, lambda: datetime.now(UTC), Limits(1e9, 100), tokens)
        gate = Gate(nothing, lambda: guard)
        token = issuer.token()
        await measured(gate, f"Bearer {token}")  # once with the issuer
        bare = await measured(nothing, "")
        for what, authorization in (("a key", key), ("a token that was verified before", token)):
            print(f"{what}: {await measured(gate, f'Bearer {authorization}') - bare:.1f} µs")
        begun = time.perf_counter()
        for _ in range(500):
            await tokens.subject(token)
        print(f"a token that was not: {(time.perf_counter() - begun) / 500 * 1e6:.0f} µs more")
        await keys.close()
        identities.stop()
        store.close()
    issuer.close()


if __name__ == "__main__":
    asyncio.run(main())
