"""Lines are traced to what they come from: with a variable exactly the lines move that show it."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from golden import paths
from golden.definition import Kind, Role, Site, load
from golden.errors import UserError
from golden.explain import explain
from golden.explain.line import explain_line, traced
from golden.explain.values import Values
from golden.render import Rendering, render
from golden.render.trace import Line

SITE = "rehearsal"
LINES = 30
PREFIX = "site.variables."
# It has two values, and with them other lines.
DECIDES = (PREFIX + "mail_backend",)


@functools.cache
def site() -> Site:
    return load(SITE)


@functools.cache
def files() -> list[tuple[Kind, Role, str, list[Line]]]:
    """Every template of the site's images, traced."""
    return [
        (kind, role, path, traced(site(), kind, role, file))
        for kind in site().kinds
        for role in kind.roles
        for path, file in role.files.items()
        if file.template
    ]


def other(value: Any) -> Any:
    """A value that differs from `value` and turns no condition."""
    match value:
        case int():
            return value + 1
        case str():
            return value + "9"
        case _:
            return tuple(f"x{part}" for part in value)


@functools.cache
def rendered_with(variable: str) -> Rendering:
    """The files of the site with another value of `variable`."""
    changed = {**site().variables, variable: other(site().variables[variable])}
    return render(dataclasses.replace(site(), variables=changed))


def moved(before: list[str], after: list[str]) -> set[int]:
    """The numbers (from 1) of the lines of `before` that are not in `after`."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return {
        number + 1
        for what, first, last, _, _ in matcher.get_opcodes()
        if what in ("replace", "delete")
        for number in range(first, last)
    }


def test_traced_lines_are_the_rendered_ones() -> None:
    rendering = render(site())
    for kind, _, path, lines in files():
        content = rendering.kinds[kind.name].files[path].content.decode()
        assert [line.text for line in lines] == content.splitlines(), path


def chosen() -> Iterator[tuple[str, str, str, int]]:
    """(variable, kind, path, line) of lines chosen at random among those that show a variable."""
    found = sorted(
        (name, kind.name, path, number)
        for kind, _, path, lines in files()
        for number, line in enumerate(lines, 1)
        for name in line.names
        if name.startswith(PREFIX) and name not in line.conditions and name not in DECIDES
    )
    seed = random.randrange(1 << 32)
    print(f"chosen with the seed {seed}")
    yield from random.Random(seed).sample(found, min(LINES, len(found)))


def test_exactly_the_lines_that_show_a_variable_move_with_it() -> None:
    """30 lines: the variable of each is changed, the file rendered again."""
    for name, kind, path, number in chosen():
        variable = name.removeprefix(PREFIX).partition(".")[0]
        lines = next(ls for k, _, p, ls in files() if (k.name, p) == (kind, path))
        says = {at for at, line in enumerate(lines, 1) if PREFIX + variable in line.names}
        after = rendered_with(variable).kinds[kind].files[path].content.decode().splitlines()
        assert moved([line.text for line in lines], after) == says, (name, kind, path, number)


@pytest.mark.parametrize(
    ("path", "variable", "value"),
    [
        ("/etc/dnsmasq.conf", "dns_owns_domain", True),
        ("/etc/synnefo/99-local.conf", "mail_backend", "smtp"),
    ],
)
def test_a_condition_decides_of_its_lines(path: str, variable: str, value: object) -> None:
    lines = next(ls for k, _, p, ls in files() if (k.name, p) == ("node1", path))
    name = PREFIX + variable
    says = {at for at, line in enumerate(lines, 1) if name in (*line.names, *line.conditions)}
    changed = dataclasses.replace(site(), variables={**site().variables, variable: value})
    after = render(changed).kinds["node1"].files[path].content.decode().splitlines()
    assert moved([line.text for line in lines], after) == says != set()


def test_every_name_has_a_place_and_a_value() -> None:
    for kind, role, path, lines in files():
        values = Values(site(), kind, role, paths.ROOT)
        for name in {name for line in lines for name in (*line.names, *line.conditions)}:
            file = values.place(name).partition(":")[0]
            assert (paths.ROOT / file).exists() or file.startswith(".secrets/"), (path, name)


def test_a_value_stands_in_the_site_it_is_like() -> None:
    four = load("rehearsal-four")
    kind = four.kind("node1")
    role = next(role for role in kind.roles if role.name == "dns")
    values = Values(four, kind, role, paths.ROOT)
    own, base = (
        (paths.IMAGES / "sites" / f"{name}.yaml").read_text().splitlines()
        for name in ("rehearsal-four", "rehearsal")
    )
    file, _, line = values.place("site.domain").partition(":")
    assert file == "images/sites/rehearsal-four.yaml"
    assert own[int(line) - 1] == "domain: rehearsal-four.test"
    file, _, line = values.place("site.variables.dns_owns_domain").partition(":")
    assert file == "images/sites/rehearsal.yaml"
    assert base[int(line) - 1].strip().startswith("dns_owns_domain:")
    assert json.loads(values.value("site.domain")) == "rehearsal-four.test"


def test_a_secret_is_named_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    kind, path, number = next(
        (kind.name, path, number)
        for kind, _, path, lines in files()
        for number, line in enumerate(lines, 1)
        if any(name.startswith("secret(") for name in line.names)
    )
    explain(f"rendered/{SITE}/{kind}/rootfs{path}:{number}", SITE)
    said = capsys.readouterr().out
    assert f"= a secret (.secrets/{SITE}, " in said


def test_a_line_of_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    explain("node1:/etc/dnsmasq.conf:9", SITE)
    said = capsys.readouterr().out
    assert "listen-address=" in said
    assert "images/roles/dns/files/etc/dnsmasq.conf.j2:8" in said
    assert "host_of('dns').address = \"198.51.100.1\" (images/sites/rehearsal.yaml:" in said
    assert "G060" in said and "test_file_is_as_rendered" in said


def test_the_header_names_the_file_to_edit() -> None:
    found = explain_line(site(), "node1", "/etc/dnsmasq.conf", 1)
    assert found.parts[1] == "template:  images/roles/dns/files/etc/dnsmasq.conf.j2:1"


def test_an_action_of_the_guide(capsys: pytest.CaptureFixture[str]) -> None:
    explain("G157", SITE)
    said = capsys.readouterr().out
    assert "Initialise the spare partition for LVM" in said
    assert "scripts/firstboot/steps/volume_group.py:" in said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("G999", "the guide has no action G999"),
        ("node1:/etc/dnsmasq.conf", "name a line, as in"),
        ("node1:/etc/dnsmasq.conf:999", r"/etc/dnsmasq.conf has \d+ lines, so no line 999"),
        ("node1:/etc/dnsmask.conf:1", "did you mean '/etc/dnsmasq.conf'"),
        ("node9:/etc/dnsmasq.conf:1", "has no node 'node9'"),
        ("rendered/rehersal/node1/rootfs/etc/hosts:1", "no site 'rehersal'; did you mean"),
        ("rendered/rehearsal/node1/bake.json:1", "no file of an image"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(word: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        explain(word, SITE)
