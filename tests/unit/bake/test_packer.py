"""What Packer's output tells about a layer under way, and about one that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import run
from golden.bake import packer
from golden.bake.packer import Follower
from golden.errors import StageError
from golden.paths import PACKER, SCRIPTS

FAILED = """\
==> null.tree: Running local shell script: /src/packer/../scripts/bake/begin.sh
==> null.tree: + set -eu
==> null.tree: + echo hello
    null.tree: hello
==> null.tree: Running local shell script: /src/packer/../scripts/bake/packages.sh
==> null.tree: + set -eu
==> null.tree: + dpkg --unpack web_1_all.deb
    null.tree: Preparing to unpack web_1_all.deb ...
==> null.tree: dpkg: error processing archive web_1_all.deb (--unpack):
==> null.tree:  trying to overwrite '/etc/web', which is also in package other 1
    null.tree: Errors were encountered while processing:
    null.tree:  web_1_all.deb
Build 'null.tree' errored after 1 second: Script exited with non-zero exit status: 3.
"""


def followed(output: str, packages: int = 0) -> tuple[Follower, list[str]]:
    said: list[str] = []
    follower = Follower(said.append, packages)
    for line in output.splitlines():
        follower.line(line)
    return follower, said


def test_each_script_is_announced() -> None:
    assert followed(FAILED)[1] == ["begin.sh", "packages.sh"]


def test_the_failure_names_layer_script_command_reason_and_log(tmp_path: Path) -> None:
    follower, _ = followed(FAILED)
    log = tmp_path / "base.log"
    error = packer.failure("base", follower, run.Result(1, FAILED, 1.0), log)
    text = str(error)
    assert error.stage == "bake base"
    assert "script packages.sh failed" in text
    assert "command: dpkg --unpack web_1_all.deb" in text
    assert "exit code: 3" in text
    assert "trying to overwrite '/etc/web'" in text
    assert str(log) in text
    assert "it resumes at layer base" in text
    # The lines of -x are for the log.
    assert "+ set -eu" not in text


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    line = "    null.tree: dpkg: error: cannot copy: No space left on device\n"
    begun = "==> null.tree: Running local shell script: /s/packages.sh\n"
    follower, _ = followed(begun + line)
    error = packer.failure("base", follower, run.Result(1, line, 1.0), tmp_path / "log")
    assert error.message == "no space left on the disk"


def test_a_failure_of_packer_itself_shows_what_it_said(tmp_path: Path) -> None:
    said = "Error: Unsupported block type\n\n  on build.pkr.hcl line 3:\n"
    error = packer.failure("base", Follower(print, 0), run.Result(1, said, 0.1), tmp_path / "log")
    assert "before the first script" in str(error)
    assert "Unsupported block type" in str(error)


def test_a_very_long_command_is_cut(tmp_path: Path) -> None:
    words = " ".join(f"package-{n}.deb" for n in range(300))
    output = f"==> null.tree: Running local shell script: /s/a.sh\n==> null.tree: + dpkg {words}\n"
    error = packer.failure("base", followed(output)[0], run.Result(1, "", 1.0), tmp_path / "log")
    assert len(" ".join(error.command)) < 300


def test_the_work_of_packages_is_told_in_steps_of_a_tenth() -> None:
    lines = ["==> null.tree: Running local shell script: /s/packages.sh"]
    lines += [f"    null.tree: Unpacking p{n} (1) ..." for n in range(50)]
    lines += [f"    null.tree: Setting up p{n} (1) ..." for n in range(50)]
    _, said = followed("\n".join(lines), packages=50)
    assert len(said) == 11
    assert said[-1] == "packages.sh: 100 % of the packages' work"


def test_seconds_are_noted_for_each_script() -> None:
    follower, _ = followed(FAILED)
    follower.stop()
    assert list(follower.seconds) == ["begin.sh", "packages.sh"]


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Values for packer/, in a folder with the files that it names."""
    place = tmp_path / "it's 50% #1"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "keep").touch()
    run.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", "key"])
    return ["-var", f'scripts=["{SCRIPTS}/bake/hygiene.sh"]']


def test_packer_finds_our_files_valid_and_formatted(variables: list[str]) -> None:
    env = {"CHECKPOINT_DISABLE": "1"}
    run.run(["packer", "validate", *variables, PACKER], env=env)
    run.run(["packer", "fmt", "-check", PACKER], env=env)


def test_a_machine_may_be_started_in_any_folder(variables: list[str]) -> None:
    argv = ["packer", "build", "-color=false", "-only=qemu.machine", *variables, PACKER]
    env = {"CHECKPOINT_DISABLE": "1", "PACKER_CACHE_DIR": "cache", "TMPDIR": "."}
    told = run.run(argv, env=env, check=False)
    # There is no disk, which QEMU is the first to miss.
    assert "Starting VM" in told.out and "Qemu failed to start" in told.out


def test_an_accelerator_that_does_not_exist_is_refused(variables: list[str]) -> None:
    argv = ["packer", "validate", *variables, "-var", "machine_accelerator=xen", PACKER]
    told = run.run(argv, env={"CHECKPOINT_DISABLE": "1"}, check=False)
    assert told.code != 0 and "must be kvm or tcg" in told.out


def test_a_source_that_does_not_exist_is_a_failure_not_a_success(tmp_path: Path) -> None:
    values = {"scripts": [str(SCRIPTS / "bake" / "hygiene.sh")]}
    with pytest.raises(StageError):
        packer.build("base", "null.absent", values, tmp_path, tmp_path / "log", print)
