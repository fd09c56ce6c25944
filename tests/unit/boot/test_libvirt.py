"""The target libvirt, against one that is a dictionary of this test."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import rundir
from golden.boot.libvirt import ownership
from golden.boot.libvirt.target import Libvirt, disks, power, trial, uri
from golden.boot.libvirt.virsh import Virsh
from golden.boot.libvirt.volumes import Pool
from golden.boot.target import target
from golden.errors import StageError, UserError
from golden.render import machines
from golden.rundir import NodeDir
from tests.unit.boot.fake_libvirt import Fake
from tests.unit.small_site import small_site

SITE = small_site()


def machine(checkout: str) -> str:
    host = machines.Machine(
        ownership.named("small"), checkout, ownership.identity("small", "n1"), "image"
    )
    return machines.domain(SITE, SITE.nodes[0], host).decode()


def test_a_clone_of_the_same_path_on_another_host_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marks = []
    for host in ("0a", "0b", "0a"):
        (tmp_path / "machine-id").write_text(f"{host}\n")
        monkeypatch.setattr(ownership, "MACHINE_ID", tmp_path / "machine-id")
        marks.append(
            (ownership.checkout(), ownership.named("small"), ownership.identity("small", "n1"))
        )
    assert marks[0] == marks[2]
    assert not set(marks[0]) & set(marks[1])


def test_the_own_daemon_is_found_before_the_systems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    monkeypatch.setattr(uri, "OWN", tmp_path / "sock")
    assert uri.default() == "qemu:///system"
    (tmp_path / "sock").touch()
    assert uri.default() == f"qemu+unix:///system?socket={tmp_path}/sock"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://host/system")
    assert uri.default() == "qemu+ssh://host/system"


@pytest.mark.parametrize(
    ("connect", "jump"),
    [
        ("qemu:///system", ""),
        ("qemu+unix:///system?socket=/run/x", ""),
        ("qemu+ssh://host/system", "ssh -o BatchMode=yes host"),
        (
            "qemu+libssh2://root@host:2222/system?keyfile=/my%20key&no_verify=1",
            "ssh -o BatchMode=yes -p 2222 -i '/my key' -o StrictHostKeyChecking=no root@host",
        ),
        ("qemu+ssh://host/system?command=/my/ssh", "/my/ssh -o BatchMode=yes host"),
    ],
)
def test_ssh_follows_the_connection(connect: str, jump: str) -> None:
    assert uri.jump(connect) == jump


@pytest.mark.parametrize(
    ("connect", "words"),
    [
        ("qemu:///session", r"--connect qemu:///session: .*qemu:///system"),
        ("xen:///system", r"its driver qemu"),
        ("qemu+tls://host/system", r"qemu\+ssh://host/system"),
    ],
)
def test_a_connection_that_cannot_carry_a_site(connect: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        uri.jump(connect)


def test_only_the_target_libvirt_takes_a_connection() -> None:
    with pytest.raises(UserError, match="--connect: only --target libvirt takes it"):
        target("qemu", {"connect": "qemu:///system"})
    chosen = target("libvirt", {"connect": "qemu:///system"})
    assert isinstance(chosen, Libvirt)
    assert chosen.connect == "qemu:///system"


def test_a_machine_is_ours_by_its_mark_and_not_by_its_name() -> None:
    name = ownership.named("small", "n1")
    ours = Fake(machines={name: machine(ownership.checkout())})
    found = ownership.find(ours, "small", "n1")
    assert found is not None
    assert ownership.image(found) == "image"
    assert ownership.find(ours, "small", "n2") is None
    for text in (machine("another"), "<domain/>"):
        with pytest.raises(UserError, match=f"{name} .*was not defined by this clone"):
            ownership.find(Fake(machines={name: text}), "small", "n1")


def test_cut_power_is_no_shutdown_and_the_machine_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    states = ["running", "shut off"]
    there = Fake(machines={ownership.named("small", "n1"): machine(ownership.checkout())})
    monkeypatch.setattr(Fake, "state", lambda self, name: states.pop(0))
    monkeypatch.setattr(Libvirt, "_virsh", lambda *_: there)
    assert Libvirt().cut("small", "n1")
    assert there.done == [("destroy", ownership.named("small", "n1"))]
    assert not Libvirt().cut("small", "n1")
    assert not Libvirt().cut("small", "n2")
    assert len(there.done) == 1


def test_the_images_go_with_the_sites_last_disks() -> None:
    base = ownership.named("small", f"master.0123{disks.BASE}")
    ours = [*disks.names("small", "n1"), *disks.names("small", "n2"), base]
    there = Fake(stored={"default": {"theirs", *ours}, "other": {"golden-smaller-x"}})
    assert not disks.remove(there, "small", "n1")
    assert there.stored["default"] == {"theirs", *disks.names("small", "n2"), base}
    assert disks.remove(there, "small", "n2")
    assert there.stored == {"default": {"theirs"}, "other": {"golden-smaller-x"}}
    # An image is the ground on which the nodes' disks stand.
    assert there.done[-1] == ("vol-delete", base, "--pool", "default")


def test_a_pool_that_is_missing_or_full() -> None:
    with pytest.raises(
        UserError, match=r"no active storage pool 'default'.*pool-define-as default"
    ):
        Pool(Fake(), "default").check(1)
    full = Fake(stored={"default": set()}, free=1024 * 1024)
    with pytest.raises(UserError, match=r"'default' at qemu:///system has 1 MiB free.* 2 MiB"):
        Pool(full, "default").check(2 * 1024 * 1024)


def test_a_node_is_looked_for_where_it_was_booted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    NodeDir("small", "n1").claim("libvirt", "qemu+ssh://there/system")
    with pytest.raises(UserError, match="n1 runs or is kept at qemu\\+ssh://there/system"):
        Libvirt("qemu:///system").check(SITE, SITE.nodes)


def test_a_daemon_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Virsh, *words: str) -> str:
        raise StageError("boot", "command failed", tail=["error: Failed to connect socket"])

    monkeypatch.setattr(Virsh, "say", refuse)
    with pytest.raises(UserError, match=r"Failed to connect socket.*scripts/host/libvirtd start"):
        Virsh("qemu:///system").answers()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("running (booted)", "running"),
        ("paused (I/O error)", "io-error"),
        ("paused (user)", "paused"),
        ("shut off (destroyed)", "off"),
        (StageError("boot", "", tail=["error: failed to get domain 'x'"]), "off"),
        (StageError("boot", "", tail=["error: Connection reset by peer"]), "unknown"),
    ],
)
def test_the_machines_state_in_the_words_of_the_other_targets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str | StageError, state: str
) -> None:
    def say(self: Virsh, *words: str) -> str:
        if isinstance(answer, StageError):
            raise answer
        return answer

    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(Virsh, "say", say)
    assert Libvirt("qemu:///system").machine_state("small", "n1") == state


@pytest.mark.parametrize(("words", "starts"), [("host forwarding rule", 3), ("no memory", 1)])
def test_a_port_that_another_program_has(words: str, starts: int) -> None:
    class Busy(Fake):
        def say(self, *words_: str, stdin: bytes | None = None) -> str:
            super().say(*words_, stdin=stdin)
            if words_[0] == "start" and len(self.started) < 3:
                raise StageError("boot", "command failed", tail=[f"error: {words}"])
            return ""

        @property
        def started(self) -> list[tuple[str, ...]]:
            return [each for each in self.done if each[0] == "start"]

    there, host = Busy(), machines.Machine("golden-small", "checkout", "uuid")
    try:
        assert power._started(there, SITE, SITE.nodes[0], host) in power.PORTS
    except StageError:
        assert words == "no memory"
    assert len(there.started) == starts


@pytest.mark.parametrize(
    ("refused", "states", "chosen"),
    [
        ("", ["running", StageError("boot", "", tail=["error: failed to get domain"])], "kvm"),
        ("", ["running"] * 9, "tcg"),
        ("error: kvm_buf_set_msrs: Assertion failed", [], "tcg"),
    ],
)
def test_kvm_elsewhere_is_believed_when_a_guest_came_to_its_end(
    monkeypatch: pytest.MonkeyPatch, refused: str, states: list[str | StageError], chosen: str
) -> None:
    class Elsewhere(Fake):
        def say(self, *words: str, stdin: bytes | None = None) -> str:
            if words[0] == "create" and refused:
                raise StageError("boot", "command failed", tail=[refused])
            if words[0] != "domstate":
                return super().say(*words, stdin=stdin)
            state = states.pop(0)
            if isinstance(state, StageError):
                raise state
            return state

    monkeypatch.setattr(trial, "TRIAL_SECONDS", 0.1)
    monkeypatch.setattr(trial, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(Pool, "fill", lambda *words: None)
    there = Elsewhere(stored={"default": set()})
    found = trial.choose(there, "small", "default")
    assert found.name == chosen
    assert refused in found.reason
    # A guest that hangs is ended; one that is gone has nothing to end.
    assert [words[0] for words in there.done].count("destroy") == (chosen == "tcg" and not refused)
