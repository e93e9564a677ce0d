"""The process that keeps the views seals what is recorded, while it runs and when it is stopped."""

from contextlib import closing
from pathlib import Path

import pytest

from infrastructure.note import Signer, parse
from infrastructure.proof_store import ProofReader
from infrastructure.settings import Settings
from tests.processes.conftest import Start, wait_until

SIGNER = Signer.new("talks.example/log")


def test_what_is_recorded_is_sealed_now_and_then_and_at_the_end(
    address: str, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(SIGNER.secret())
    monkeypatch.setenv("PARLEY_SIGNING_KEY", str(tmp_path / "key"))
    monkeypatch.setenv("PARLEY_SEAL_SECONDS", "0.2")
    monkeypatch.setenv("PARLEY_WITNESS_FILE", str(tmp_path / "notes"))
    embedded = address.startswith("sqlite")
    service = start("serve", *([] if embedded else ["--only", "recording"]), address=address).wait_until_it_serves()
    processes = [service] if embedded else [service, start("project", address=address).wait_until_it_serves()]
    assert service.tell("open-negotiation", title="Talks").status_code == 201
    wait_until((tmp_path / "notes").exists)
    for number in range(30):
        assert service.tell("annotate", note=f"Note {number}.").status_code == 201
    assert [process.stop() for process in processes] == [0] * len(processes)
    with closing(ProofReader(Settings(database=address).store())) as proofs:
        checkpoints = proofs.checkpoints()
        assert checkpoints[-1].size == proofs.size() == 31
        assert checkpoints[-1].handed
    notes = [parse(f"{told}\n") for told in (tmp_path / "notes").read_text().split("\n\n\n")[:-1]] or [
        parse(checkpoints[-1].note)
    ]
    for note in notes:
        SIGNER.verifier.check(note)
    for process in processes:
        assert "Traceback" not in process.told
        assert SIGNER.secret()[-40:] not in process.told
