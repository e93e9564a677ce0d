"""The commands of administrators, on a store of each kind."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from application.credentials import digest
from infrastructure.access import AccessStore
from infrastructure.settings import Settings
from interfaces.cli import app


@pytest.fixture(autouse=True)
def store(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARLEY_DATABASE", address)
    monkeypatch.setenv("COLUMNS", "200")
    return address


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def made(name: str, *more: str) -> str:
    result = parley("keys", "create", name, *more)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def sentence(*arguments: str) -> str:
    """The one sentence with which a command is refused."""
    result = parley(*arguments)
    assert result.exit_code == 1
    assert not result.stdout
    (line,) = result.stderr.splitlines()
    return line


def test_a_key_is_shown_once_and_only_its_digest_is_kept(store: str) -> None:
    key = made("desk", "--role", "recorder:japan-us-2025", "--role", "reader:*", "--group", "cabinet")
    with closing(AccessStore(Settings(database=store).store())) as opened:
        (kept,) = opened.all()
    assert (kept.digest, kept.grants, kept.groups) == (
        digest(key),
        ("reader:*", "recorder:japan-us-2025"),
        ("cabinet",),
    )
    assert (kept.created_by, kept.revoked) == ("local", None)
    for shown in (parley("keys", "list"), parley("keys", "list", "--json"), parley("keys", "changes")):
        assert "desk" in shown.output
        assert key not in shown.output
        assert digest(key) not in shown.output
    if store.startswith("sqlite"):
        folder = Path(store.removeprefix("sqlite:///")).parent
        assert not any(key[-43:].encode() in file.read_bytes() for file in folder.iterdir())


def test_a_revoked_key_stays_on_file_and_its_name_is_not_given_again() -> None:
    made("desk", "--role", "reader:*", "--expires", "2999-01-01")
    assert "counts no longer" in parley("keys", "revoke", "desk").output
    (kept,) = json.loads(parley("keys", "list", "--json").stdout)
    assert (kept["name"], kept["expires"], kept["revoked_by"]) == ("desk", "2999-01-01", "local")
    assert "no key desk" in sentence("keys", "revoke", "desk")
    assert "is or was another's" in sentence("keys", "create", "desk", "--role", "reader:*")
    assert "is or was another's" in sentence("people", "set", "desk", "--role", "reader:*")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("desk_1", "--role", "reader:*"), "lower-case letters"),
        (("local", "--role", "reader:*"), "no identity"),
        (("nobody", "--role", "reader:*"), "no identity"),
        (("operator", "--role", "recorder:*"), "or for the operator"),
        (("desk", "--role", "boss:*"), "The roles are reader, recorder, analyst, auditor, administrator."),
        (("desk", "--role", "reader"), "a role and the negotiation"),
        (("desk", "--role", "reader:Talks"), "a role and the negotiation"),
        (("desk", "--role", "reader:*", "--group", "The Cabinet"), "lower-case letters"),
        (("desk", "--role", "reader:*", "--expires", "2027-02-29"), "a date that exists"),
        (("desk", "--role", "reader:*", "--expires", "tomorrow"), "a date that exists"),
        (("desk", "--role", "reader:*", "--expires", "2020-01-01"), "yet to come"),
        (("desk", "--role", "reader:*", "--expires", "2020-01-01T09:00+09:00"), "yet to come"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments: tuple[str, ...], expected: str) -> None:
    assert expected in sentence("keys", "create", *arguments)
    assert json.loads(parley("keys", "list", "--json").stdout) == []


def test_people_are_granted_anew_and_removed() -> None:
    assert parley("people", "set", "auth0|1", "--role", "reader:*", "--group", "cabinet").exit_code == 0
    assert parley("people", "set", "auth0|1", "--role", "analyst:talks").exit_code == 0
    (person,) = json.loads(parley("people", "list", "--json").stdout)
    assert (person["subject"], person["grants"], person["groups"]) == ("auth0|1", ["analyst:talks"], [])
    assert parley("people", "remove", "auth0|1").exit_code == 0
    assert "nobody auth0|1" in sentence("people", "remove", "auth0|1")
    assert parley("people", "set", "auth0|1", "--role", "reader:*").exit_code == 0
    assert "digits and signs" in sentence("people", "set", "a b", "--role", "reader:*")
    told = [(change["what"], change["name"]) for change in json.loads(parley("keys", "changes", "--json").stdout)]
    assert told == [*[("set-person", "auth0|1")] * 2, ("remove-person", "auth0|1"), ("set-person", "auth0|1")]


def test_to_list_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE", f"sqlite:///{tmp_path}/parley.db")
    assert parley("keys", "list").exit_code == 0
    assert not list(tmp_path.iterdir())


def test_wrong_settings_are_told_without_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, told, expected in (
        ("PARLEY_KEY", "hush hush", "PARLEY_KEY is a key"),
        ("PARLEY_OIDC_ISSUER", "http://hush.example", "https://"),
        ("PARLEY_OIDC_AUDIENCE", "hush", "set both, or neither"),
        ("PARLEY_REQUESTS_A_SECOND", "hush", "PARLEY_REQUESTS_A_SECOND: Input should be a valid number"),
        ("PARLEY_REQUESTS_AT_ONCE", "0", "PARLEY_REQUESTS_AT_ONCE: Input should be greater than 0"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(name, told)
            said = sentence("keys", "list")
            assert expected in said
            assert "hush" not in said
