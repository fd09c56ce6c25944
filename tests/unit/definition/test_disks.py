"""The disk of a real machine: each way in which what a site says of it does not fit."""

from __future__ import annotations

import pytest

from tests.unit.small_tree import SITE, SmallTree

MAC = 'mac: "02:00:00:00:00:01"'
# What is said of the node's disk, and what is wrong with it.
CASES = {
    "{serial: S1, wwn: naa.5000c500}": ": give exactly one of serial, wwn and size",
    "{root: 20G}": ": give exactly one of serial, wwn and size",
    "{size: 2T..500G}": ".size: 2T..500G begins above its end",
    "{serial: S1, root: 2T}": ".root: 2T: partitions end at 2T, so take less",
    "{serial: S1, root: 5G}": ".root: 5G is less than the image of kind master has, 6G",
    "{serial: S1, root: 1T, state: 1T}": ".state: 1T and 1T: partitions end at 2T, so take less",
    "{size: 8G..10G, root: 9G, state: 2G}": ".state: 9G and 2G fits no disk of 8G..10G",
    "{serial: S1, state: 512M}": ".state: 512M is too small for databases; take 1G or more",
    "{size: 8G..10G, root: 11G}": ".root: 11G fits no disk of 8G..10G",
}


@pytest.mark.parametrize(("disk", "problem"), CASES.items())
def test_names_line_path_and_remedy(tree: SmallTree, disk: str, problem: str) -> None:
    said = f"nodes[0].disk{problem}"
    tree.assert_one_problem(SITE, f"{MAC}}}", f"{MAC}, disk: {disk}}}", said)


@pytest.mark.parametrize(
    ("first", "second"),
    [("serial: S3Z8 NB0K", "serial: S3Z8NB0K"), ("wwn: eui.5000c5", "wwn: naa.5000c5")],
)
def test_two_ways_to_write_one_disk(tree: SmallTree, first: str, second: str) -> None:
    tree.edit(SITE, '"02:00:00:00:00:01"}', f'"02:00:00:00:00:01", disk: {{{first}}}}}')
    tree.edit(SITE, '"02:00:00:00:00:02"}', f'"02:00:00:00:00:02", disk: {{{second}}}}}')
    key = first.partition(":")[0]
    (problem,) = tree.problems()
    assert f"nodes[1].disk.{key}: the disk's {key} " in problem
    assert problem.endswith(f"is also that of nodes[0].disk.{key} (line 13)")
