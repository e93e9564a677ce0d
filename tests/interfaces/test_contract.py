"""The service keeps to its OpenAPI document, whatever is sent, with and without a key: schemathesis, with every check on.

A body that has the right form can still name what is not known: such a refusal is a 422 with a code of the
domain. So 422, and 400 for a line among many, are allowed for well-formed data, and a check of our own holds that the
code is one of those.
"""

from collections import Counter
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.meta import TestPhase

from application.access import ROLES
from application.credentials import Known, digest, new_key
from domain.refusal import Refused
from infrastructure.settings import Settings
from interfaces import limits
from interfaces.main import application

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409", "412", "422"]}},
        "generation": {"with-security-parameters": False},
    }
)
OUTSIDE_THE_SCHEMA = {
    "bad-cursor",
    "no-commands",
    "malformed-line",
    "unknown-command",
    "int-type",
    "not-a-number",
    "known-at-in-the-future",
    "to-before-from",
    "missing-parameter",
    "clock-told-twice",
    "too-deep",
    "too-much-nested",
    "line-too-long",
    "of-another-negotiation",
    "beyond-the-tree",
    "not-in-that-tree",
    "not-of-this-view",
}
"""What a JSON schema cannot say: to it, 5.0 is an integer as well."""
WITHOUT = {(401, "no-identity"), (400, "credential-in-address"), (422, "too-many-parameters")}
"""All that one is told who shows no key."""


def rules(kind: type[Refused]) -> set[str]:
    return {kind.code}.union(*map(rules, kind.__subclasses__()))


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """Many commands are sent as the text that they are."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


SHARE = 80
"""One in so many of the combinations that the document admits is sent to each command: they are thousands, most of them
of the envelope's fields, which all commands share. Which ones differs from command to command.
"""
FOLDER = TemporaryDirectory()
COUNTED: Counter[str] = Counter()
APP = application(Settings(database=f"sqlite:///{FOLDER.name}/parley.db"), guarded=True)
KEY = new_key("all")
for operation in (operation for path in APP.openapi()["paths"].values() for operation in path.values()):
    # A position that nobody has recorded is waited for in vain, as documented: schemathesis is not to ask for one.
    operation["parameters"] = [p for p in operation.get("parameters", ()) if p["name"] != "min_position"]
schema = schemathesis.openapi.from_asgi("/openapi.json", APP, config=CONFIG)


@pytest.fixture(scope="module", autouse=True)
def running() -> Iterator[None]:
    with FOLDER, pytest.MonkeyPatch.context() as patch, TestClient(APP):
        patch.setattr(limits.Buckets, "take", lambda *_: 0.0)  # else most are told no more than that they are too many
        grants = tuple(f"{role}:*" for role in ROLES)
        APP.state.access.add_key(Known("all", "key", digest(KEY), grants, (), "2025-01-01T00:00:00+00:00", "test"))
        yield


@schema.parametrize()
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_service_keeps_to_its_document(case: Any) -> None:
    if case.meta.phase.name == TestPhase.COVERAGE and case.method == "POST":
        operation = case.operation.label
        COUNTED[operation] += 1
        if (COUNTED[operation] + crc32(operation.encode())) % SHARE:
            return
    response = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"})
    if response.status_code in {400, 422} and case.meta.generation.mode.is_positive:
        assert response.json()["code"] in rules(Refused) | OUTSIDE_THE_SCHEMA
    if case.operation.definition.raw.get("security"):
        without = case.call()
        assert (without.status_code, without.json()["code"]) in WITHOUT
