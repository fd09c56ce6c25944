"""tasks.py looks for every package that pyproject.toml asks for, and the lock has each by hash."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import packages_distributions, version

from golden.paths import ROOT

# It is what reads tasks.py.
HERE_ALREADY = "invoke"


def needed() -> tuple[str, ...]:
    """NEEDED of tasks.py, whose import would change this process."""
    tree = ast.parse((ROOT / "tasks.py").read_text())
    found = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert len(found) > 0
    return tuple(eval(compile(ast.Expression(found[0]), "tasks.py", "eval")))


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_looked_for_under_its_import_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in project["dependencies"]}
    of = packages_distributions()
    found = {name: {normal(each) for each in of[name]} for name in needed()}
    assert {name for name, dists in found.items() if not dists & wanted} == set()
    assert wanted - set().union(*found.values()) == {HERE_ALREADY}


LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)(?: ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def test_the_lock_has_every_dependency_by_hash_and_nothing_else() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    locked = {found[1]: found[2] for line in rows if (found := LOCKED.match(line))}
    # No address of an index, no option: what is neither a version nor a hash is a mistake.
    assert [line for line in rows if not LOCKED.match(line) and not HASH.match(line)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    names = {normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in wanted}
    assert names - locked.keys() == set()
    assert {name: version(name) for name in names} == {name: locked[name] for name in names}
