"""golden.packages.standins: the packages and their index."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
from pathlib import Path

import pytest
from debian.deb822 import Packages

from golden import run
from golden.errors import UserError
from golden.packages import standins
from golden.paths import ROOT

SYNNEFO = "0.16.2"
UPSTREAM = {
    "snf-common", "snf-webproject", "snf-branding", "snf-django-lib", "python-astakosclient",
    "snf-astakos-app", "snf-pithos-app", "snf-pithos-backend", "snf-pithos-webclient",
    "snf-cyclades-app", "snf-cyclades-gtools", "snf-admin-app", "snf-vncauthproxy", "archipelago",
    "archipelago-ganeti", "blktap-archipelago-utils", "blktap-dkms", "snf-image", "snf-network",
    "nfdhcpd", "python-nfqueue", "kamaki",
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> standins.Built:
    return standins.build(tmp_path_factory.mktemp("build") / "repository", SYNNEFO)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_all_of_upstreams_packages_are_there(built: standins.Built) -> None:
    assert {package.name for package in built.packages} == UPSTREAM


def test_the_same_input_gives_the_same_bytes(built: standins.Built, tmp_path: Path) -> None:
    again = standins.build(tmp_path / "elsewhere", SYNNEFO)
    assert contents(again.folder) == contents(built.folder)
    assert again.key == built.key


def test_another_version_moves_the_whole_set_and_nothing_else(tmp_path: Path) -> None:
    bumped = standins.build(tmp_path / "bumped", synnefo="0.16.3")
    versions = {package.name: package.version for package in bumped.packages}
    assert versions["snf-astakos-app"] == versions["snf-common"] == "0.16.3+standin"
    assert versions["kamaki"] == "0.13.5+standin"
    assert bumped.key != standins.key(SYNNEFO)


def test_relations_inside_the_set_are_exact(built: standins.Built) -> None:
    with (built.folder / "Packages").open() as file:
        entries = list(Packages.iter_paragraphs(file, use_apt_pkg=False))
    versions = {entry["Package"]: entry["Version"] for entry in entries}
    for entry in entries:
        for name, version in re.findall(r"([\w-]+) \(= ([^)]+)\)", entry.get("Depends", "")):
            assert versions[name] == version
    depends = next(e["Depends"] for e in entries if e["Package"] == "snf-webproject")
    assert "snf-common (= 0.16.2+standin)" in depends


def test_the_index_describes_the_files(built: standins.Built) -> None:
    text = (built.folder / "Packages").read_bytes()
    assert gzip.decompress((built.folder / "Packages.gz").read_bytes()) == text
    for entry in Packages.iter_paragraphs(text, use_apt_pkg=False):
        path = built.folder / entry["Filename"]
        assert path.stat().st_size == int(entry["Size"])
        listed = run.run(["dpkg-deb", "-f", path, "Package", "Version"]).out
        assert listed == f"Package: {entry['Package']}\nVersion: {entry['Version']}\n"


def test_names_and_versions_are_debians(built: standins.Built) -> None:
    for package in built.packages:
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package.name)
        assert run.run(["dpkg", "--validate-version", package.version], check=False).code == 0


def test_everything_is_roots_and_programs_are_executable(built: standins.Built) -> None:
    for package in built.packages:
        listing = run.run(["dpkg-deb", "-c", built.folder / standins.file_name(package)]).out
        for line in listing.splitlines():
            mode, owner, *_, name = line.split(" -> ")[0].split()
            assert owner == "root/root"
            if re.search(r"/s?bin/.+|/init\.d/.+", name) and mode[0] == "-":
                assert mode == "-rwxr-xr-x", name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("colour: red\n", r"control\.yaml:\d+: colour: unknown key"),
        ("depends: [=snf-nothing]\n", "no stand-in is called 'snf-nothing'"),
        ("users: [\n", r"control\.yaml:\d+: not YAML"),
        ("package: twice\n", "the key is given twice"),
    ],
)
def test_a_malformed_description_builds_nothing(tmp_path: Path, change: str, message: str) -> None:
    shutil.copytree(standins.STANDINS / "snf-branding", tmp_path / "in/snf-branding")
    shutil.copytree(standins.STANDINS / "snf-common", tmp_path / "in/snf-common")
    control = tmp_path / "in/snf-branding/control.yaml"
    control.write_text(
        re.sub(r"depends: .*\n", "" if "depends" in change else r"\g<0>", control.read_text())
        + change
    )
    with pytest.raises(UserError, match=message):
        standins.build(tmp_path / "out", SYNNEFO, folder=tmp_path / "in")
    assert not (tmp_path / "out").exists()


def test_a_change_of_any_file_changes_the_key(tmp_path: Path) -> None:
    shutil.copytree(standins.STANDINS / "kamaki", tmp_path / "kamaki")
    before = standins.key(SYNNEFO, folder=tmp_path)
    program = tmp_path / "kamaki/files/usr/bin/kamaki"
    program.write_text(program.read_text() + "\n")
    assert standins.key(SYNNEFO, folder=tmp_path) != before


def programs(root: Path) -> list[Path]:
    """The stand-ins' Python programs, which have no suffix for tools to find them by."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if path.read_bytes().startswith(b"#!/usr/bin/python3")]


@pytest.mark.slow
def test_libraries_and_programs_are_typed_and_linted(root: Path, tmp_path: Path) -> None:
    copies = tmp_path / "programs"
    copies.mkdir()
    for path in programs(root):
        (copies / f"{path.name.replace('-', '_')}_program.py").write_bytes(path.read_bytes())
    library = root / "usr/lib/python3/dist-packages"
    mypy = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
    # Werkzeug is Debian's, not here: to mypy its classes are of any type.
    mypy += ["--allow-subclassing-any", "--explicit-package-bases", f"--cache-dir={tmp_path}/cache"]
    for target, search in ((library, library), (copies, library)):
        found = run.run([*mypy, "."], cwd=target, env={"MYPYPATH": str(search)}, check=False)
        assert found.code == 0, found.out
    # The folders' names and a program's way to open files are no matter of the package.
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml")]
    found = run.run([*ruff, "--ignore", "N999,PTH123,ARG001,I001,B905", copies], check=False)
    assert found.code == 0, found.out


def test_one_beside_the_real_packages_brings_what_it_reads_settings_with(tmp_path: Path) -> None:
    """Theirs is in Python 2; and it asks for theirs in any version, as no other is played."""
    name = "snf-cyclades-gtools"
    built = standins.build(tmp_path / "own", SYNNEFO, chosen=[name])
    assert [package.name for package in built.packages] == [name]
    assert "Depends: snf-common, ganeti," in standins.control(built.packages[0])
    run.run(["dpkg-deb", "-x", built.folder / standins.file_name(built.packages[0]), tmp_path])
    library = tmp_path / "usr/lib/python3/dist-packages"
    amqp = library / "synnefo/lib/amqp.py"
    assert not amqp.is_symlink() and "exchange_declare" in amqp.read_text()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/10.conf").write_text("from synnefo.lib.db.psyco_gevent import green\n")
    (tmp_path / "conf/20.conf").write_text("AMQP_HOSTS = ['amqp://a']\nOTHER = 1\n")
    code = "import sys, pathlib; from synnefo import settings as s; s.SYSTEM_FOLDER = "
    code += "pathlib.Path(sys.argv[1]); print(s.load().AMQP_HOSTS, s.load().where('X'))"
    argv = [sys.executable, "-S", "-c", code, tmp_path / "conf"]
    told = run.run(argv, env={"PYTHONPATH": str(library)}).out
    assert told == f"['amqp://a'] {tmp_path}/conf\n"


def test_one_beside_the_real_packages_has_what_its_init_script_sources(tmp_path: Path) -> None:
    built = standins.build(tmp_path / "own", SYNNEFO, chosen=["snf-cyclades-gtools"])
    run.run(["dpkg-deb", "-x", built.folder / standins.file_name(built.packages[0]), tmp_path])
    script = (tmp_path / "etc/init.d/snf-ganeti-eventd").read_text()
    sourced = re.findall(r"^\. /(\S+)$", script, re.MULTILINE)
    assert sourced and [path for path in sourced if not (tmp_path / path).is_file()] == []


def test_beside_the_other_stand_ins_it_reads_with_theirs(root: Path) -> None:
    text = (root / "usr/lib/python3/dist-packages/synnefo/settings/__init__.py").read_text()
    assert "refuses what is wrong" in text
