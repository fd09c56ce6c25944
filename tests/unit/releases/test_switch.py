"""Promoting and rolling back: all kinds together, or not at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from golden import atomic, daemon, manifest, paths, releases, rundir
from golden.errors import UserError
from golden.releases import stages, switch
from golden.releases.stages import Stages
from golden.rundir import NodeDir, State
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE, all_of, in_place


def test_a_candidate_becomes_current_and_the_current_one_previous() -> None:
    first = baked.bake("1")
    assert stages.read(SITE).stage_of(first) == "candidate"
    switch.promote(SITE)
    second = baked.bake("2")
    switch.promote(SITE)
    assert stages.read(SITE) == Stages(second.id, first.id)
    assert in_place() == all_of("2")


def test_a_rollback_brings_the_very_files_back_and_forth() -> None:
    first = baked.bake("1")
    switch.promote(SITE)
    baked.bake("2")
    switch.promote(SITE)
    switch.rollback(SITE)
    assert in_place() == all_of("1")
    for kind in baked.KINDS:
        place = manifest.disk_path(SITE, kind, "qcow2")
        assert place.samefile(first.images[kind].disk("qcow2"))
        assert manifest.artifact(SITE, kind).sha256 == manifest.sha256(place)
    switch.rollback(SITE)
    assert in_place() == all_of("2")


def test_a_bake_after_a_rollback_goes_where_the_artifacts_are() -> None:
    baked.bake("1")
    switch.promote(SITE)
    baked.bake("2")
    switch.promote(SITE)
    switch.rollback(SITE)
    third = baked.bake("3")
    assert in_place() == all_of("3")
    now = stages.read(SITE)
    assert [now.stage_of(each) for each in releases.every(SITE)].count("candidate") == 1
    assert switch.promote(SITE) == third
    for each in releases.every(SITE):
        each.verify()


def test_what_is_in_place_is_the_candidate_that_is_meant() -> None:
    first = baked.bake("1")
    baked.bake("2")
    assert baked.bake("1") == first
    assert switch.promote(SITE) == first


def test_promoting_what_is_current_and_in_place_changes_nothing() -> None:
    first = baked.bake("1")
    switch.promote(SITE)
    behind = stages.now(SITE).resolve()
    assert switch.promote(SITE, first.id) == first
    assert stages.now(SITE).resolve() == behind
    assert stages.read(SITE) == Stages(first.id)


def test_the_current_release_can_be_put_back_in_place_of_a_candidate() -> None:
    first = baked.bake("1")
    switch.promote(SITE)
    baked.bake("2")
    switch.promote(SITE, first.id)
    assert in_place() == all_of("1")
    assert stages.read(SITE) == Stages(first.id)


def test_a_third_promotion_retires_the_first() -> None:
    made = []
    for version in "123":
        made.append(baked.bake(version))
        switch.promote(SITE)
    now = stages.read(SITE)
    assert [now.stage_of(each) for each in made] == ["retired", "previous", "current"]


def test_a_kind_that_a_release_does_not_know_stays_as_it_is() -> None:
    baked.bake("1")
    switch.promote(SITE)
    baked.bake("2", kinds=(*baked.KINDS, "extra"))
    switch.promote(SITE)
    switch.rollback(SITE)
    assert in_place() == all_of("1")
    extra = manifest.disk_path(SITE, "extra", "qcow2")
    assert extra.read_bytes() == baked.content("extra", "2")


def test_every_format_of_a_release_comes_back() -> None:
    baked.bake("1")
    baked.bake("1", "raw")
    switch.promote(SITE)
    baked.bake("2")
    switch.promote(SITE)
    switch.rollback(SITE)
    assert in_place("raw") == [baked.content(kind, "1", "raw") for kind in baked.KINDS]


def test_there_must_be_something_to_promote_or_to_roll_back_to() -> None:
    with pytest.raises(UserError, match=r"no candidate: bake one with \./inv bake --site lab"):
        switch.promote(SITE)
    baked.bake("1")
    switch.promote(SITE)
    with pytest.raises(UserError, match="no previous release"):
        switch.rollback(SITE)
    with pytest.raises(UserError, match="no candidate"):
        switch.promote(SITE)


def test_a_damaged_release_is_not_promoted() -> None:
    baked.bake("1")
    switch.promote(SITE)
    second = baked.bake("2")
    baked.bake("1")
    path = second.images["node"].disk("qcow2")
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    before = stages.now(SITE).resolve()
    with pytest.raises(UserError, match="not the bytes that release"):
        switch.promote(SITE, second.id)
    assert (in_place(), stages.now(SITE).resolve()) == (all_of("1"), before)


def test_nodes_that_run_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rundir, "CACHE", paths.CACHE)
    node, mine = NodeDir(SITE, "n1"), os.getpid()
    node.path.mkdir(parents=True)
    ticks = daemon.start_ticks(mine)
    assert ticks
    node.remember(State(mine, ticks, daemon.boot_id(), 0.0, 0, "tcg", 1.0, "disk", [], "qemu"))
    baked.bake("1")
    switch.promote(SITE)
    assert "still running from what was in place before: n1" in capsys.readouterr().err


# ---- killed at any step

STEPS = ("mkdir", "link", "symlink", "rename", "replace", "unlink", "rmdir")


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run `work` in a process that is killed when it is about to change a folder for the `step`th
    time; whether it was."""
    child = os.fork()
    if child == 0:
        _kill_at(step)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _kill_at(step: int) -> None:
    left = [step]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    atomic.exchange = counted(atomic.exchange)  # type: ignore[assignment]


@pytest.mark.parametrize("first_switch", [True, False])
def test_killed_at_any_step_all_is_old_or_all_is_new(first_switch: bool) -> None:
    baked.bake("1")
    if not first_switch:
        switch.promote(SITE)
    second = baked.bake("2")
    first = next(each for each in releases.every(SITE) if each != second)
    target = first if first_switch else second
    if not first_switch:
        switch.promote(SITE, first.id)
    old, new = (all_of("2"), all_of("1")) if first_switch else (all_of("1"), all_of("2"))
    before = stages.read(SITE)
    seen, step = [], 1
    while killed_at(step, lambda: switch.promote(SITE, target.id)):
        state = (in_place(), stages.read(SITE).current)
        seen.append(state == (new, target.id))
        assert state in ((old, before.current), (new, target.id)), f"killed at step {step}"
        if state == (new, target.id):
            break
        step += 1
    # It was killed before and after the one step that counts.
    assert seen.count(False) > 10 and seen[-1]
    # Whatever the killed ones have left does no harm to the next, which clears it away.
    switch.promote(SITE, first.id if target == second else second.id)
    assert in_place() == old
    base = paths.ARTIFACTS / SITE
    assert list((base / switch.SETS).iterdir()) == [stages.now(SITE).resolve()]
    assert {path.name for path in base.iterdir()} - {".now.new"} == {
        *baked.KINDS,
        "releases",
        stages.NOW,
        switch.SETS,
    }
