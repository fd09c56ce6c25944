"""What must outlive the system disk: roles say it, and docs/state.md says why."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from golden import definition
from golden.paths import ROOT

ROW = re.compile(r"^\| ([a-z-]+) \| (`/.*`) \|", re.MULTILINE)
HEADER = re.compile(r"^# (\S+):[ \t]*(.*)$", re.MULTILINE)


def test_the_document_lists_the_state_of_each_role() -> None:
    rows = ROW.findall((ROOT / "docs" / "state.md").read_text())
    told = {role: re.findall("`([^`]+)`", folders) for role, folders in rows}
    roles = {role.name: list(role.state) for site in sites() for role in every(site)}
    # In no kind: those who want statistics, or kept logs, add them.
    assert told.pop("stats-agent") == ["/var/lib/collectd"]
    assert told.pop("kept-logs") == ["/var/log"]
    assert told == {name: state for name, state in roles.items() if state}


def sites() -> tuple[definition.Site, ...]:
    return tuple(definition.load(name) for name in ("example", "rehearsal"))


def every(site: definition.Site) -> list[definition.models.Role]:
    return [role for kind in site.kinds for role in kind.roles]


@pytest.mark.parametrize("site", sites(), ids=lambda site: site.name)
def test_a_volume_group_in_a_file_is_state_too(site: definition.Site) -> None:
    file = site.volume_group.file
    for kind in site.kinds if file else ():
        assert set(kind.state) & {str(each) for each in PurePosixPath(str(file)).parents}


def test_state_is_bound_before_what_starts_in_runlevel_s() -> None:
    text = (ROOT / "scripts/firstboot/init.d/golden-state").read_text()
    header = dict(HEADER.findall(text))
    assert header["Default-Start"] == "S"
    # Not $remote_fs: wheezy's insserv would refuse the loop through nfs-common (W11.11).
    assert header["Required-Start"] == "mountkernfs $local_fs"
    assert {"rpcbind", "nfs-common", "networking"} <= set(header["X-Start-Before"].split())
