"""The headers that every answer carries, made in advance."""

import hashlib
import re
from base64 import b64encode

from fastapi.openapi.docs import get_swagger_ui_html

Headers = list[tuple[bytes, bytes]]

DOCS_PATHS = "/docs", "/docs/oauth2-redirect"
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def _headers(policy: str) -> Headers:
    """What an answer holds depends on who asks: it is kept by nobody in between, and asked for anew by its ETag."""
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-cache, private"),
        (b"content-security-policy", policy.encode()),
    ]


def of_docs() -> Headers:
    """The page of the interface takes its scripts from one place, and runs one text of its own, known by its hash."""
    page = bytes(
        get_swagger_ui_html(openapi_url="/openapi.json", title="", oauth2_redirect_url=DOCS_PATHS[1]).body
    ).decode()
    own = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in own)
    cdn = "https://cdn.jsdelivr.net/npm/"
    return _headers(
        f"{_NOTHING}; script-src {cdn} {hashes}; style-src {cdn} 'unsafe-inline'; connect-src 'self';"
        " img-src 'self' data: https://fastapi.tiangolo.com"
    )


SAFE = _headers(_NOTHING)
