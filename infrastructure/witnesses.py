"""Witnesses: whoever holds checkpoints elsewhere, so that the log cannot be changed together with them unnoticed."""

from pathlib import Path

import httpx2
import structlog

from infrastructure.proof_store import Sealed

TIMEOUT_SECONDS = 5.0

_log = structlog.get_logger()


class Witnesses:
    """An address that checkpoints are posted to, and a file or a folder that they are written into."""

    def __init__(self, url: str | None, file: Path | None) -> None:
        self._url = url
        self._file = file

    def __bool__(self) -> bool:
        return bool(self._url or self._file)

    def hand(self, sealed: Sealed) -> bool:
        """Whether all have it; what stood in the way is logged, and it is tried again with the next checkpoint."""
        return all([self._posted(sealed), self._written(sealed)])

    def _posted(self, sealed: Sealed) -> bool:
        if self._url is None:
            return True
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            answer = httpx2.post(self._url, content=sealed.note.encode(), headers=headers, timeout=TIMEOUT_SECONDS)
            if answer.is_success:
                return True
            reason = f"it answers with {answer.status_code}"
        except httpx2.HTTPError as error:
            reason = f"{type(error).__name__}: {error}"
        _log.warning("a witness does not take the checkpoint, and is tried again", size=sealed.size, reason=reason)
        return False

    def _written(self, sealed: Sealed) -> bool:
        """A folder has a file a checkpoint. A file grows by one note after the other, with an empty line between."""
        try:
            if self._file and self._file.is_dir():
                (self._file / f"{sealed.size:012d}.checkpoint").write_text(sealed.note, encoding="utf-8")
            elif self._file:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(f"{sealed.note}\n")
        except OSError as error:
            reason = f"{type(error).__name__}: {error.strerror}"
            _log.warning("the checkpoint cannot be written for witnesses", size=sealed.size, reason=reason)
            return False
        return True
