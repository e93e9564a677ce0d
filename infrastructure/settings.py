"""What an operator can set, from the environment."""

import re
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infrastructure.database import Database, StoreRefused
from infrastructure.note import NAME_PATTERN, NotANote, Signer
from infrastructure.postgres import PostgresDatabase
from infrastructure.postgres_access import refuse_unclear
from infrastructure.sqlite import SqliteDatabase

LogForm = Literal["text", "json"]

_FILE = "sqlite:///"
_SERVER = ("postgresql://", "postgres://")


def _address(told: str) -> str:
    if not told.startswith((_FILE, *_SERVER)) or told == _FILE:
        raise ValueError(
            "PARLEY_DATABASE is sqlite:/// and the path of a file, such as sqlite:///parley.db,"
            " or the address of a PostgreSQL database, such as postgresql://user:password@host/parley"
        )
    if told.startswith(_SERVER):
        refuse_unclear(told)
    return told


def _credential(told: SecretStr | None) -> SecretStr | None:
    if told and not re.fullmatch(r"[!-~]+", told.get_secret_value()):
        raise ValueError("PARLEY_KEY is a key as `parley keys create` shows it: it has no spaces and no other letters")
    return told


def _issuer(told: str | None) -> str | None:
    if told and not is_safe(told):
        raise ValueError("PARLEY_OIDC_ISSUER is the issuer's address, which begins with https://")
    return told or None


def is_safe(address: str) -> bool:
    """Whether nobody on the way can change what an address answers: encrypted, or on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a name or an address can be no other than this machine's own."""
    try:
        return host == "localhost" or ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def _web_address(told: str) -> str:
    if not told.startswith(("http://", "https://")):
        raise ValueError("PARLEY_WITNESS_URL is where checkpoints are posted to, such as https://witness.example/add")
    return told


def _apart(told: float) -> float:
    if not told > 0:
        raise ValueError("PARLEY_SEAL_SECONDS lie between two checkpoints at least: a number above 0")
    return told


def _origin(told: str) -> str:
    if not re.fullmatch(NAME_PATTERN, told):
        raise ValueError("PARLEY_ORIGIN names the log, such as talks.example/parley, without spaces and plus signs")
    return told


class Settings(BaseSettings):
    """Each is read from `PARLEY_` and its name in capitals.

    `origin` is the name of the log in its checkpoints, and so that of its key; `signing_key` is the file of that key,
    without which nothing is sealed; `seal_seconds` lie between two checkpoints at least. Each is handed to witnesses:
    posted to an address, and appended to a file or put into a folder.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True, hide_input_in_errors=True)

    database: Annotated[str, AfterValidator(_address)] = "sqlite:///parley.db"
    key: Annotated[SecretStr | None, AfterValidator(_credential)] = None
    """What the command line shows to a service: a key, or a token."""
    oidc_issuer: Annotated[str | None, AfterValidator(_issuer)] = None
    oidc_audience: str | None = None
    requests_a_second: Annotated[float, Field(gt=0)] = 1000.0
    """What one identity may send on average; as many may come at once, after a pause."""
    requests_at_once: Annotated[int, Field(gt=0)] = 250
    log: LogForm | None = None
    """The form of the log; without it, text on a terminal and a JSON object a line elsewhere."""

    origin: Annotated[str, AfterValidator(_origin)] | None = None
    signing_key: Path | None = None
    seal_seconds: Annotated[float, AfterValidator(_apart)] = 60.0
    witness_url: Annotated[str, AfterValidator(_web_address)] | None = None
    witness_file: Path | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("PARLEY_OIDC_ISSUER and PARLEY_OIDC_AUDIENCE go together: set both, or neither")
        return self

    def signer(self) -> Signer | None:
        """The key that checkpoints are signed with, if there is one. Raises `StoreRefused`."""
        if self.signing_key is None:
            return None
        try:
            signer = Signer.parse(self.signing_key.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise StoreRefused(f"The key in PARLEY_SIGNING_KEY cannot be read: {why}.") from None
        except NotANote as error:
            raise StoreRefused(f"The key in PARLEY_SIGNING_KEY cannot be used. {error}") from None
        if self.origin not in {None, signer.verifier.name}:
            raise StoreRefused(
                f"The key in PARLEY_SIGNING_KEY is of {signer.verifier.name}, and PARLEY_ORIGIN is {self.origin}."
            )
        return signer

    def store(self) -> Database:
        """The database that was chosen; nothing is opened yet."""
        if self.database.startswith(_SERVER):
            return PostgresDatabase(self.database)
        return SqliteDatabase(Path(self.database.removeprefix(_FILE)))
