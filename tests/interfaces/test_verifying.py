"""`parley seal` and `parley verify`: each kind of bad evidence, with the exact answer."""

import json
import random
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infrastructure.note import Signer, Verifier, parse
from infrastructure.settings import Settings
from interfaces.cli import app
from interfaces.projecting import keeper

CASE = Path(__file__).parent.parent / "cases" / "japan-us-2025.ndjson"
LINES = CASE.read_text().splitlines()
ORIGIN = "talks.example/log"


def parley(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env=env)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARLEY_DATABASE", f"sqlite:///{tmp_path}/parley.db")
    return tmp_path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, with the half that checks beside it; and the case, recorded in two parts, with a checkpoint after each. It
    is made once, and copied.
    """
    folder = tmp_path_factory.mktemp("kept")
    env = {"PARLEY_DATABASE": f"sqlite:///{folder}/parley.db", "PARLEY_ORIGIN": ORIGIN}
    env["PARLEY_SIGNING_KEY"] = str(folder / "key")
    made = parley("seal", "--new-key", folder / "key", env=env)
    assert made.exit_code == 0, made.output
    (folder / "checks").write_text(made.stdout.strip())
    for part, lines in (("first", LINES[:100]), ("second", LINES[100:])):
        (folder / "part.ndjson").write_text("\n".join(lines))
        recorded = parley("record", folder / "part.ndjson", env=env)
        assert recorded.exit_code == 0, recorded.output
        sealed = parley("seal", env=env)
        assert sealed.exit_code == 0, sealed.output
        (folder / part).write_text(sealed.stdout)
    return folder


@pytest.fixture
def key(folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key; gives the half that checks."""
    shutil.copy2(template / "key", folder)
    monkeypatch.setenv("PARLEY_ORIGIN", ORIGIN)
    monkeypatch.setenv("PARLEY_SIGNING_KEY", str(folder / "key"))
    return (template / "checks").read_text()


@pytest.fixture
def kept(folder: Path, template: Path, key: str) -> Path:
    """The case, recorded in two parts, with a checkpoint kept after each; gives the second."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder / "second"


def exported(folder: Path) -> Path:
    file = folder / "records.ndjson"
    file.write_text(parley("export", "--form", "stored").stdout)
    return file


def change(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / "parley.db")
    with connection:
        connection.execute(sql)
    connection.close()


def drop_tree(folder: Path) -> None:
    for file in folder.glob("parley.db.proofs*"):
        file.unlink()


NOTE = "UPDATE records SET state = CAST(replace(CAST(state AS TEXT), 'Japan', 'Japon') AS BLOB) WHERE position = 2"


def test_a_new_key_is_for_its_owner_alone_and_is_never_shown(folder: Path, key: str) -> None:
    file = folder / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    signer = Signer.parse(file.read_text())
    assert Verifier.parse(key) == signer.verifier
    assert signer.verifier.name == "talks.example/log"
    again = parley("seal", "--new-key", file)
    assert again.exit_code == 1
    assert again.output == f"{file} is there already, and is left as it is.\n"
    secret = file.read_text().strip().rpartition("+")[2]
    parley("record", CASE)
    for told in (parley("seal"), parley("seal", "--mail"), parley("verify"), parley("seal", "--help")):
        assert told.exit_code == 0
        assert secret not in told.output


def test_a_log_that_was_given_no_name_gets_one_of_its_own(folder: Path) -> None:
    names = {parley("seal", "--new-key", folder / name).stdout.partition("+")[0] for name in "ab"}
    assert len(names) == 2
    assert all(name.startswith("parley.local/parley-") for name in names)


def test_sealing_needs_a_key_and_records(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no key to seal with" in parley("seal").output
    parley("seal", "--new-key", folder / "key")
    monkeypatch.setenv("PARLEY_SIGNING_KEY", str(folder / "key"))
    assert "There is no store at" in parley("seal").output
    (folder / "short").write_text("PRIVATE+KEY+x")
    for file, said in (("none", "cannot be read"), ("short", "cut off or changed")):
        monkeypatch.setenv("PARLEY_SIGNING_KEY", str(folder / file))
        for command in ("seal", "serve", "project"):
            refused = parley(command)
            assert refused.exit_code == 1
            assert said in refused.output
    monkeypatch.setenv("PARLEY_SIGNING_KEY", str(folder / "key"))
    monkeypatch.setenv("PARLEY_ORIGIN", "another.example/log")
    assert "and PARLEY_ORIGIN is another.example/log" in parley("seal").output
    monkeypatch.setenv("PARLEY_ORIGIN", "two words")
    assert "PARLEY_ORIGIN names the log" in parley("seal").output
    monkeypatch.delenv("PARLEY_ORIGIN")
    monkeypatch.setenv("PARLEY_WITNESS_URL", "ftp://witness")
    assert "PARLEY_WITNESS_URL is where" in parley("seal").output


def test_the_mail_has_the_note_and_how_to_check_it(kept: Path, key: str) -> None:
    told = parley("seal", "--mail").stdout
    assert kept.read_text() in told
    assert f"--key '{key}'" in told


def test_what_is_recorded_without_a_service_is_sealed_at_its_end(
    folder: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_WITNESS_FILE", str(folder / "notes"))
    assert parley("record", CASE).exit_code == 0
    note = parse((folder / "notes").read_text().removesuffix("\n"))
    assert note.checkpoint.size == len(LINES)
    Verifier.parse(key).check(note)


def test_the_keeping_process_seals_when_it_is_stopped(folder: Path, key: str) -> None:
    parley("record", CASE)
    drop_tree(folder)
    kept = keeper(Settings(signing_key=folder / "key"))
    kept.tree.start()
    kept.tree.stop()
    kept.views.start()
    kept.views.stop()
    assert "as the checkpoint kept beside the log" in parley("verify", "--key", key).output


def test_a_log_that_nobody_changed_holds(folder: Path, kept: Path, key: str) -> None:
    for evidence in ([], ["--checkpoint", kept], ["--checkpoint", folder / "first", "--key", key]):
        for where in ([], ["--file", exported(folder)]):
            told = parley("verify", *where, *evidence)
            if where and not evidence:
                assert "A file is verified against a checkpoint that you kept" in told.output
                continue
            assert told.exit_code == 0, told.output
            assert f"All {len(LINES)} records hold: the first" in told.output


def test_each_checkpoint_that_was_given_is_told(folder: Path, kept: Path) -> None:
    told = parley("verify", "--checkpoint", folder / "first").output.replace("\n", " ")
    assert f"the first 100 are as the checkpoint {folder / 'first'} of talks.example/log has them" in told
    assert f"the first {len(LINES)} are as the checkpoint kept beside the log" in told


def test_without_a_checkpoint_records_hold_in_themselves(folder: Path) -> None:
    parley("record", CASE)
    drop_tree(folder)
    assert "consistent in itself; no checkpoint is there to compare them with" in parley("verify").output


def test_without_a_key_signatures_are_not_checked_and_it_says_so(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARLEY_SIGNING_KEY")
    told = parley("verify", "--checkpoint", kept)
    assert told.exit_code == 0
    assert "Signatures were not checked" in told.output


def test_a_changed_record_is_named(folder: Path, kept: Path) -> None:
    change(folder, NOTE)
    record = json.loads(parley("export").stdout.splitlines()[1])["envelope"]["id"]
    said = f"The record at position 2 ({record}) is not the one that was sealed.\n"
    assert said in parley("verify").output
    told = parley("verify", "--checkpoint", kept, "--file", exported(folder))
    assert told.exit_code == 1
    assert said in told.output
    assert "Findings: 1, in a log of" in told.output


def test_without_the_tree_several_checkpoints_narrow_it_down(
    folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, NOTE.replace("position = 2", "position = 150").replace("'Japan', 'Japon'", "'2025', '2035'"))
    file = exported(folder)
    drop_tree(folder)
    told = parley("verify", "--file", file, "--checkpoint", kept, "--checkpoint", folder / "first")
    assert told.exit_code == 1
    first = (
        f"Its first 100 records are as in the checkpoint {folder / 'first'}: what differs is among 101 to {len(LINES)}."
    )
    assert f"The log is not that of the checkpoint {kept}, talks.example/log. {first} The proofs" in told.output


def test_a_checkpoint_of_another_log_is_refused_by_its_name_its_signature_or_its_root(
    folder: Path, kept: Path, key: str
) -> None:
    checkpoint = parse(kept.read_text()).checkpoint
    other = folder / "other"
    foreign = Signer.new("walks.example/log")
    other.write_text(str(foreign.sign(checkpoint._replace(origin="walks.example/log"))))
    told = parley("verify", "--checkpoint", other)
    assert told.exit_code == 1
    assert told.output == (
        f"The checkpoint {other} does not count. It is of another log: of walks.example/log, and not of talks.example/log.\n"
    )
    other.write_text(str(Signer.new("talks.example/log").sign(checkpoint)))
    told = parley("verify", "--checkpoint", other)
    assert told.exit_code == 1
    assert "does not count. It is not signed by talks.example/log with this key" in told.output
    other.write_text(kept.read_text().replace(f"\n{len(LINES)}\n", f"\n{len(LINES) + 1}\n"))
    assert "does not go with this text: it was changed." in parley("verify", "--checkpoint", other).output
    signer = Signer.parse((folder / "key").read_text())
    other.write_text(str(signer.sign(checkpoint._replace(root=bytes(32)))))
    told = parley("verify", "--checkpoint", other)
    assert told.exit_code == 1
    assert (
        f"The log is not that of the checkpoint {other}, talks.example/log: that is of another log, or this one was changed"
        in told.output
    )
    for text in ("no note", "\udcff"):
        other.write_bytes(text.encode(errors="surrogateescape"))
        told = parley("verify", "--checkpoint", other)
        assert told.exit_code == 1
        assert str(other) in told.output
    assert "It is no key" in parley("verify", "--key", "nothing").output


def test_a_truncated_export_is_told_as_that(folder: Path, kept: Path) -> None:
    file = exported(folder)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:200]))
    told = parley("verify", "--file", file, "--checkpoint", kept)
    assert told.exit_code == 1
    missing = len(LINES) - 200
    said = f"Of the {len(LINES)} records of the checkpoint {kept} the last {missing} are missing: it ends at 200.\n"
    assert told.output.replace(
        "Findings: 1, in a log of 200. A file is verified in the form of `parley export --form stored`.\n", ""
    ).endswith(said)
    file.write_text("".join(lines[:200]) + lines[200][:50])
    told = parley("verify", "--file", file, "--checkpoint", kept)
    assert "Line 201, the record unreadable: it is no JSON" in told.output
    assert "and the file is cut off in it.\n" in told.output
    file.write_text("".join(lines[:99] + lines[100:]))
    told = parley("verify", "--file", file, "--checkpoint", kept)
    assert "it is at position 101, and 100 comes next: the whole log has to be there" in told.output
    file.write_text("".join(lines[:100]))
    assert parley("verify", "--file", file, "--checkpoint", folder / "first").exit_code == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_in_an_export_is_found(folder: Path, kept: Path, seed: int) -> None:
    file, chance = exported(folder), random.Random(seed)
    told = bytearray(file.read_bytes())
    place = chance.randrange(len(told))
    told[place] ^= 1 << chance.randrange(8)
    line = told[:place].count(b"\n") + 1
    file.write_bytes(told)
    found = parley("verify", "--file", file, "--checkpoint", kept)
    assert found.exit_code == 1
    assert f"position {line} " in found.output or f"Line {line}," in found.output or f"Line {line + 1}," in found.output


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_in_a_restored_store_is_found_or_touches_no_record(folder: Path, kept: Path, seed: int) -> None:
    file, chance = folder / "parley.db", random.Random(seed)
    before, told = parley("export").stdout, bytearray(file.read_bytes())
    told[chance.randrange(len(told))] ^= 1 << chance.randrange(8)
    file.write_bytes(told)
    found = parley("verify", "--checkpoint", kept)
    assert found.exception is None or isinstance(found.exception, SystemExit)
    if found.exit_code == 0:
        assert parley("export").stdout == before


def test_a_changed_checkpoint_beside_the_log_is_found(folder: Path, kept: Path) -> None:
    connection = sqlite3.connect(folder / "parley.db.proofs")
    with connection:
        connection.execute("UPDATE checkpoints SET size = 99 WHERE size = 100")
    connection.close()
    told = parley("verify")
    assert told.exit_code == 1
    assert "The checkpoint kept beside the log at 99 records is not as it was sealed" in told.output


def change_proofs(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "parley.db.proofs")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM tiles", f"The tree is damaged: it has 0 records, and {len(LINES)} were sealed"),
        ("UPDATE tiles SET hashes = substr(hashes, 1, 3200)", f"it has 100 records, and {len(LINES)} were sealed"),
        ("UPDATE tiles SET hashes = substr(hashes, 1, 3177)", "the tile 0 of level 0 is cut off"),
        ("UPDATE tiles SET hashes = 'abc'", "the tile 0 of level 0 is cut off"),
        (
            "UPDATE tiles SET number = 9223372036854775807",
            "of level 0 there are 1 tiles, numbered from 922337203685477580",
        ),
        ("UPDATE checkpoints SET note = x'ff'", "is not as it was sealed: It is no signed note"),
        ("DROP TABLE tiles", "The proofs beside the log cannot be read: no such table: tiles."),
        ("DROP TABLE checkpoints", "The proofs beside the log cannot be read: no such table: checkpoints."),
        ("PRAGMA user_version = 9", "The proofs beside the log cannot be read: "),
        ("CREATE VIEW more AS SELECT 1", "there is a view more, which Parley has not made"),
    ],
)
def test_damaged_proofs_are_told_and_not_taken_for_none(folder: Path, kept: Path, statement: str, said: str) -> None:
    change_proofs(folder, statement)
    for evidence in ([], ["--checkpoint", kept]):
        told = parley("verify", *evidence)
        assert told.exit_code == 1
        assert said in told.output


def test_a_file_in_the_place_of_the_proofs_is_not_taken_for_none(folder: Path, kept: Path) -> None:
    drop_tree(folder)
    for content in (b"", random.Random(1).randbytes(8192)):
        (folder / "parley.db.proofs").write_bytes(content)
        told = parley("verify")
        assert (told.exit_code, "The proofs beside the log cannot be read" in told.output) == (1, True)


def test_a_checkpoint_by_another_key_proves_nothing(folder: Path, kept: Path, key: str) -> None:
    """Whoever changes the log can put one there."""
    change(folder, NOTE)
    drop_tree(folder)
    for name in ("talks.example/log", "walks.example/log"):
        forged = parley("seal", "--new-key", folder / name.replace("/", "-"), env={"PARLEY_ORIGIN": name})
        assert forged.exit_code == 0, forged.output
        env = {"PARLEY_SIGNING_KEY": str(folder / name.replace("/", "-")), "PARLEY_ORIGIN": name}
        assert parley("seal", env=env).exit_code == 0
        change_proofs(
            folder, "UPDATE checkpoints SET note = substr(note, 1, length(note) - 9) || 'AAAAAAA=' || char(10)"
        )
        told = parley("verify", "--key", key)
        if name == "talks.example/log":
            assert told.output.endswith("consistent in itself; no checkpoint is by this key.\n")
        else:
            assert "It is of another log: of walks.example/log, and not of talks.example/log" in told.output
        drop_tree(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"title": "', '"title": "Another", "title": "', "it has 'title' twice"),
        ('"envelope": {', '"envelope": {"id": "x"}, "envelope": {', "it has 'envelope' twice"),
        ('"position": 1,', '"position": 9, "position": 1,', "it has 'position' twice"),
        ('"recorded": "', '"recorded": "1999", "recorded": "', "it has 'recorded' twice"),
        ('"version": 1', '"version": "1"', "its version is no number"),
        ('"title": "', '"more": ' + "[" * 900 + "1.5" + "]" * 900 + ', "title": "', "it nests too deep"),
    ],
)
def test_what_two_readers_could_take_otherwise_is_found_in_an_export(
    folder: Path, kept: Path, old: str, new: str, said: str
) -> None:
    file = exported(folder)
    lines = file.read_text().splitlines(keepends=True)
    assert old in lines[0]
    file.write_text("".join([lines[0].replace(old, new, 1), *lines[1:]]))
    told = parley("verify", "--file", file, "--checkpoint", kept)
    assert told.exit_code == 1
    assert "Line 1, the record " in told.output
    assert said in told.output


@pytest.mark.parametrize("table", ["records", "record_parties", "receipts", "subject_keys", "restricted"])
def test_a_missing_table_is_one_sentence(folder: Path, kept: Path, table: str) -> None:
    change(folder, f"DROP TABLE {table}")
    told = parley("verify")
    assert (told.exit_code, type(told.exception)) == (1, SystemExit)
    assert "The store is damaged: no such table" in told.output


def test_a_key_that_is_gone_without_an_erasure_is_found(folder: Path, kept: Path) -> None:
    told = {"command": "make-claim", "negotiation": "japan-us-2025", "kind": "position", "claimant": "japan"}
    told |= {"subject": "issue/profit-split", "value": {"type": "text", "text": "Half."}, "occurred": "2026-06-01"}
    lines = [told | {"speaker": "A. Person"}, told | {"data_subject": "a confidence"}, told | {"speaker": "B. Person"}]
    (folder / "told.ndjson").write_text("\n".join(map(json.dumps, lines)))
    assert parley("record", folder / "told.ndjson").exit_code == 0
    assert parley("erase", "B. Person", "--reason", "It was asked for.").exit_code == 0
    (folder / "copy").write_bytes((folder / "parley.db").read_bytes())
    for statement in ("DELETE FROM record_subjects", "UPDATE record_subjects SET position = position + 1000"):
        change(folder, statement)
        said = f"The record at position {len(LINES) + 1} ("
        assert said in (told_otherwise := parley("verify")).output
        assert "the index of data subjects does not say with whose keys it is sealed" in told_otherwise.output
        refused = parley("erase", "A. Person", "--reason", "It was asked for.")
        if statement.startswith("DELETE"):
            assert (refused.exit_code, "the index of data subjects" in refused.output) == (1, True)
        (folder / "parley.db").write_bytes((folder / "copy").read_bytes())
    change(folder, "UPDATE subject_keys SET key = x'00' WHERE name = 'A. Person'")
    found = parley("verify")
    assert found.exit_code == 1
    assert f"The record at position {len(LINES) + 1} (" in found.output
    change(folder, "DELETE FROM subject_keys WHERE name IN ('A. Person', 'a confidence')")
    change(folder, f"DELETE FROM record_parties WHERE position = {len(LINES) + 2}")
    found = parley("verify")
    for position in (1, 2):
        assert f"A key of the record at position {len(LINES) + position} (" in found.output
    assert "Findings: 2," in found.output


def test_a_log_still_holds_when_something_was_erased(folder: Path, kept: Path) -> None:
    told = {"command": "make-claim", "negotiation": "japan-us-2025", "kind": "position", "claimant": "japan"}
    told |= {"subject": "issue/profit-split", "value": {"type": "text", "text": "Half."}, "occurred": "2026-06-01"}
    (folder / "told.ndjson").write_text(
        json.dumps(told | {"speaker": "A. Person"}) + "\n" + json.dumps(told | {"data_subject": "a confidence"})
    )
    assert parley("record", folder / "told.ndjson").exit_code == 0
    (folder / "third").write_text(parley("seal").stdout)
    for subject in ("A. Person", "a confidence"):
        erased = parley("erase", subject, "--reason", "It was asked for.")
        assert erased.exit_code == 0, erased.output
        for where in ([], ["--file", exported(folder)]):
            verified = parley("verify", "--checkpoint", folder / "third", *where)
            assert verified.exit_code == 0, verified.output
    assert "A. Person" not in parley("export").stdout


def test_an_index_that_hides_a_restriction_is_found(folder: Path, kept: Path) -> None:
    told = {"command": "annotate", "negotiation": "japan-us-2025", "about": "issue/profit-split", "note": "Ours."}
    told |= {"occurred": "2026-06-01", "restriction": {"groups": ["cabinet"]}}
    (folder / "told.ndjson").write_text(json.dumps(told))
    assert parley("record", folder / "told.ndjson").exit_code == 0
    assert parley("verify").exit_code == 0
    change(folder, "DELETE FROM restricted")
    assert "Records of japan-us-2025 are restricted, and the index says that none is." in parley("verify").output
