"""Every command of the documentation: the menu takes it, and something runs it."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from golden import run
from golden.paths import ROOT
from tests.unit.docs import commands, pages
from tests.unit.docs.pages import Block
from tests.unit.test_style import committed

# Run here, in a scratch checkout in which nothing was baked.
CHEAP = {"explain", "help", "overview", "release.list", "render", "report", "status"}
# What runs the others: CI, the same line with whatever site, or a file, by these words in it.
PROOFS = {
    r"metal\.probe ": ("tests/unit/boot/test_any_host.py", "probe.probe_host("),
    r"metal\.will-it-boot ": ("tests/unit/installer/test_fitness.py", "fitness."),
    r"metal\.usb ": ("tests/integration/installer/test_stick.py", "stick.make("),
    r"metal\.flash ": ("tests/unit/installer/test_flash.py", "flash.flash("),
    r"boot .*--target metal": (".ci/nightly", "./inv rehearse --target metal"),
    r"boot .*--connect": ("tests/unit/boot/test_libvirt.py", "qemu+ssh"),
    r"boot .*--target libvirt": (".ci/nightly", "./inv rehearse --target libvirt"),
    r"boot .*--kernel": ("tests/unit/boot/test_machine.py", "a_kernel_from_outside"),
    r"boot .*--target container": (".ci/nightly", "./inv rehearse --target container"),
    r"builder": ("tests/integration/bake/test_builder.py", "builder.make("),
    r"boot$": ("tests/integration/boot/test_disks.py", '"--target", "qemu"'),
    r"doctor ": ("tests/unit/wheezy/test_doctor_example.py", "unserved"),
    r"plan .*--packages": ("tests/unit/wheezy/test_example_packages.py", "lacking"),
    r"bake .*--farm": ("tests/integration/bake/test_farm.py", '"--farm", "local:2"'),
    r"farm\.keys ": ("tests/integration/bake/test_farm.py", '"farm.keys"'),
    r"bake .*--packages": ("tests/integration/wheezy/test_bake_example.py", '"bake", "--site"'),
    r"lock .*--packages": ("tests/integration/wheezy/test_killed.py", '("lock", *SITE)'),
    r"test --wheezy-tree": ("tests/integration/wheezy/tree.py", "GOLDEN_WHEEZY_TREE"),
    r"bump --synnefo": ("bench/bump.py", '"bump", "--synnefo"'),
    r"bump --undo": ("bench/bump.py", '"bump", "--undo"'),
    r"diff ": ("bench/bump.py", '"diff"'),
    r"release\.promote": ("tests/unit/releases/test_switch.py", "switch.promote("),
    r"release\.rollback": ("tests/unit/releases/test_switch.py", "rollback"),
    r"release\.push ": ("tests/unit/releases/test_registry.py", "push(made.id"),
    r"release\.pull ": ("tests/unit/releases/test_registry.py", "pull("),
    r"release\.key ": ("tests/unit/releases/pushed.py", "signing.export("),
    r"why ": ("tests/unit/boot/test_why.py", "why.explain("),
    r"console ": ("tests/unit/boot/test_terminal.py", "terminal.attach("),
    r"resume": ("tests/unit/boot/test_resuming.py", "resuming.resume("),
}
CI = [ROOT / ".ci" / name for name in ("run", "nightly")]


@functools.cache
def of_ci() -> tuple[set[str], set[tuple[str, frozenset[str]]]]:
    """The lines of CI, and its commands as of any site."""
    lines = {line.strip() for file in CI for line in file.read_text().splitlines()}
    ours = {line for line in lines if line.startswith("./inv ")}
    return lines, {commands.parsed(line).elsewhere() for line in ours}


# Those in fenced blocks, and the sites that the pages describe.
LINES = [
    (page, line) for page in pages.GUIDES for each in pages.blocks(page) for line in each.lines
]
DESCRIBED = {
    Path(each.file).stem for page in pages.GUIDES for each in pages.blocks(page) if each.file
}


def is_ours(line: str) -> bool:
    return line.startswith("./inv")


def is_cheap(line: str) -> bool:
    return is_ours(line) and commands.parsed(line).task in CHEAP


def proof(line: str) -> str:
    """The key of PROOFS for `line`, or what else runs it; "" for nothing."""
    if line.startswith("git "):
        return "here"
    lines, of_any_site = of_ci()
    if line in lines or (is_ours(line) and commands.parsed(line).elsewhere() in of_any_site):
        return "CI"
    return next((key for key in PROOFS if re.search(rf"^\./inv {key}", line)), "")


@pytest.mark.parametrize(
    ("page", "line"), LINES, ids=[f"{page.stem}: {line}" for page, line in LINES]
)
def test_a_command_to_type_is_valid_and_run(page: Path, line: str) -> None:
    if is_ours(line):
        assert commands.unknown(commands.parsed(line), DESCRIBED) == []
    elif line.startswith("scripts/"):
        assert line.split()[0] in pages.scripts()
    else:
        assert shutil.which(line.split()[0]), f"{page.name}: no program for {line}"
    assert is_cheap(line) or proof(line), f"nothing runs it: {line}"


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_a_command_in_a_sentence_is_valid(page: Path) -> None:
    if page.name == "reference.md":  # made from the menu itself
        return
    for span in pages.spans(page):
        words = span.split()
        if words[0].startswith("scripts/"):
            assert words[0] in pages.scripts(), span
        elif len(words) > 2:  # less names a task, whatever else that needs
            assert commands.unknown(commands.parsed(span), DESCRIBED) == [], span
        else:
            assert set(words[1:]) <= {*commands.tasks(), "--list"}, span


def test_a_proof_is_there_and_needed() -> None:
    texts = {file: (ROOT / file).read_text() for file, _ in PROOFS.values()}
    missing = [key for key, (file, words) in PROOFS.items() if words not in texts[file]]
    used = {proof(line) for _, line in LINES if not is_cheap(line)}
    assert missing == []
    assert PROOFS.keys() - used == set()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This checkout's files in a repository of their own."""
    place = tmp_path / "golden"
    for file in committed():
        target = place / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target, follow_symlinks=False)
    for words in ("init --quiet", "add --all", "commit --quiet --message all"):
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@x.test", *words.split()]
        run.run(git, cwd=place)
    return place


def follow(block: Block, checkout: Path) -> None:
    """Write the block's file, or run those of its lines that are cheap."""
    if block.file:
        (checkout / block.file).write_text(block.text)
    for line in block.lines:
        words = shlex.split(line)
        if is_cheap(line):
            words[0:1] = [sys.executable, "-P", "-m", "invoke", "--search-root", str(checkout)]
        elif words[0] != "git":
            continue
        home = {name: "" for name in os.environ if name.startswith("GOLDEN_")}
        said = run.run(words, cwd=checkout, env={**home, "GOLDEN_HOME": str(checkout)}, check=False)
        assert said.code == 0, f"{line}\n{said.out}"


@pytest.mark.parametrize("page", pages.GUIDES, ids=lambda page: page.name)
def test_what_is_cheap_works_in_the_order_of_the_page(page: Path, checkout: Path) -> None:
    for block in pages.blocks(page):
        follow(block, checkout)
