"""What an operator can set, from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SCHEME = "sqlite:///"


def _sqlite_url(url: str) -> str:
    if not url.startswith(_SCHEME) or len(url) == len(_SCHEME):
        raise ValueError("PARLEY_DATABASE is sqlite:/// and the path of a file, such as sqlite:///parley.db")
    return url


class Settings(BaseSettings):
    """Each is read from `PARLEY_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True)

    database: Annotated[str, AfterValidator(_sqlite_url)] = "sqlite:///parley.db"

    @property
    def log_file(self) -> Path:
        return Path(self.database.removeprefix(_SCHEME))

    @property
    def views_file(self) -> Path:
        """The view store, beside the log: it can be deleted at any time, and is made again from the log."""
        return self.log_file.with_name(self.log_file.name + ".views")
