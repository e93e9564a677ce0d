"""What an operator can set, from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infrastructure.database import Database
from infrastructure.postgres import PostgresDatabase
from infrastructure.postgres_access import refuse_unclear
from infrastructure.sqlite import SqliteDatabase

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


class Settings(BaseSettings):
    """Each is read from `PARLEY_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True)

    database: Annotated[str, AfterValidator(_address)] = "sqlite:///parley.db"

    def store(self) -> Database:
        """The database that was chosen; nothing is opened yet."""
        if self.database.startswith(_SERVER):
            return PostgresDatabase(self.database)
        return SqliteDatabase(Path(self.database.removeprefix(_FILE)))
