"""The tables of a part of the database: how they are made, brought to this version, and opened."""

from collections.abc import Callable
from typing import NamedTuple

from infrastructure.database import Connection, Database, Part, StoreLost, StoreRefused


class Tables(NamedTuple):
    """The tables of a part, as this version of the code has them."""

    part: Part
    named: str
    """How a sentence names the part of a database."""
    version: int
    make: Callable[[Connection, int], None]
    """Makes them of those that an older version has left; of nothing, where that is 0."""
    is_copy: bool = False
    """Whether they hold only what is made again from the log: those of another version give way."""

    def migrate(self, database: Database) -> None:
        """Make them, or bring them to this version. Safe where several processes do it at once.

        Raises `StoreRefused` where that cannot be.
        """
        try:
            connection = database.writer(self.part)
            try:
                if self.is_copy and connection.version(self.part) not in (0, self.version):
                    database.reset(self.part, self.version)
                with connection.transaction(self.part):
                    version = connection.version(self.part)
                    self._refuse_newer(database, version)
                    if version < self.version:
                        self.make(connection, version)
                        connection.set_version(self.part, self.version)
            finally:
                connection.close()
        except StoreLost as error:
            raise self._unusable(database, error) from None

    def writer(self, database: Database) -> Connection:
        """A connection that writes them; those of an embedded database are made or brought to this version first.

        Raises `StoreRefused` where they cannot be used.
        """
        if database.migrates_itself:
            self.migrate(database)
        return self._opened(database, database.writer(self.part))

    def reader(self, database: Database) -> Connection:
        """A connection that reads them. Raises `StoreRefused` where they cannot be used."""
        return self._opened(database, database.reader(self.part))

    def _opened(self, database: Database, connection: Connection) -> Connection:
        try:
            self.refuse_other(database, connection)
            connection.check_rights(self.part)
        except Exception as error:
            connection.close()
            if isinstance(error, StoreLost):
                raise self._unusable(database, error) from None
            raise
        return connection

    def refuse_other(self, database: Database, connection: Connection) -> None:
        """Raise `StoreRefused` where they are not of this version."""
        version = connection.version(self.part)
        if not self.is_copy:
            self._refuse_newer(database, version)
        if version != self.version:
            raise StoreRefused(f"{self._of(database)} must first be brought to this version: run `parley migrate`.")

    def _refuse_newer(self, database: Database, version: int) -> None:
        if version > self.version:
            raise StoreRefused(
                f"{self._of(database)} cannot be used: a newer version of Parley (schema {version},"
                f" this one knows {self.version}) has made the tables."
            )

    def _unusable(self, database: Database, error: StoreLost) -> StoreRefused:
        return StoreRefused(f"{self._of(database)} cannot be used: {error}")

    def _of(self, database: Database) -> str:
        return f"The {self.named} {database}"
