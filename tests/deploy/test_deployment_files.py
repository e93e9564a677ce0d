"""The files that put Parley on machines say nothing that Parley does not know, and give it no rights."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command
from typer.testing import CliRunner

from interfaces.cli import app
from interfaces.stopping import STOP_SECONDS

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PROCESSES = {name: told for name, told in COMPOSE["services"].items() if told["image"] == "parley"}
START = "/opt/parley/.venv/bin/python -m interfaces"


def settings(unit: Path) -> dict[str, str]:
    """The settings of a unit; of those that are told several times the last."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))


def refuse_unknown(arguments: list[str]) -> None:
    """Raise where the command line does not know a command or an option."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    name, command, rest = group.resolve_command(group.make_context("parley", list(arguments)), arguments)
    assert command
    command.make_context(name, rest)


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", lock.read_text(), re.MULTILINE))


def test_a_command_or_an_option_that_is_not_there_is_noticed() -> None:
    for wrong in (["dance"], ["serve", "--only", "dancing"], ["serve", "--sport", "8000"]):
        with pytest.raises(TyperException):
            refuse_unknown(wrong)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is_and_has_no_rights(unit: Path) -> None:
    told = settings(unit)
    command = told["ExecStart"].replace("%i", "8001")
    assert command.startswith(f"{START} ")
    refuse_unknown(shlex.split(command.removeprefix(START)))
    assert told["User"] == "parley"
    assert (told["NoNewPrivileges"], told["CapabilityBoundingSet"], told["ProtectSystem"]) == ("yes", "", "strict")
    if told.get("Type") != "oneshot":
        assert int(told["TimeoutStopSec"]) > STOP_SECONDS
        assert told["KillMode"] == "mixed", "those who help with a rebuild end with their parent"


def test_the_target_wants_units_that_there_are() -> None:
    wanted = re.findall(r"parley-[\w@.]+", (DEPLOY / "systemd" / "parley.target").read_text())
    assert {re.sub(r"@\w+", "@", name) for name in wanted} == {
        unit.name for unit in SERVICES if "migrate" not in unit.name
    }


def test_the_units_are_understood_by_systemd(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze: what the units say is not verified here")
    for unit in (DEPLOY / "systemd").iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace(START, f"{sys.executable} -m interfaces"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("name", PROCESSES)
def test_a_container_runs_a_command_that_there_is_and_has_no_rights(name: str) -> None:
    told = PROCESSES[name]
    refuse_unknown(list(told["command"]))
    assert (told["read_only"], told["cap_drop"]) == (True, ["ALL"])
    assert all(port.startswith("127.0.0.1:") for port in told.get("ports", ()))
    assert int(re.match(r"\d+", told["stop_grace_period"])[0]) > STOP_SECONDS  # type: ignore[index]
    assert set(told["depends_on"]) == ({"postgres"} if name == "migrate" else {"migrate"})


def test_the_files_say_how_the_first_key_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [file.read_text() for file in (DEPLOY / "compose.yaml", DEPLOY / "Dockerfile", *SERVICES)]
    commands = [
        shlex.split(found) for told in said for found in re.findall(r"^#.* (keys create .*)$", told, re.MULTILINE)
    ]
    assert len(commands) == 4
    for number, command in enumerate(commands):
        monkeypatch.setenv("PARLEY_DATABASE", f"sqlite:///{tmp_path}/{number}.db")
        made = CliRunner().invoke(app, command)
        assert made.stdout.startswith("parley_boss_"), made.output


def test_the_image_has_all_of_parley_and_runs_without_rights() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    assert all((ROOT / source).exists() for source in copied)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    assert set(packages) < set(copied)
    kept = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert set(kept) == set(copied)
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    entry, command = (
        yaml.safe_load(re.findall(rf"^{name} (.*)$", DOCKERFILE, re.M)[-1]) for name in ("ENTRYPOINT", "CMD")
    )
    assert " ".join(entry) == START
    refuse_unknown(command)


def test_the_images_lock_is_the_part_of_the_other_that_parley_needs_to_run() -> None:
    image, everything = pinned(DEPLOY / "requirements.lock"), pinned(ROOT / "requirements.lock")
    assert image.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed, extra = (
        {re.match(r"[\w.-]+", told)[0] for told in listed}  # type: ignore[index]
        for listed in (project["dependencies"], project["optional-dependencies"]["dev"])
    )
    assert needed <= set(image)
    assert not (extra - needed) & set(image)
