"""The instance of the checks is gone afterwards, whatever went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.checks import instance
from tests.checks.eventually import eventually


@dataclass
class Answer:
    rc: int
    stdout: str


@dataclass
class Cluster:
    """Stands in for the master: remembers instances, and the nodes with an OS definition."""

    fails: str = ""
    why: str = ""
    often: int = 99
    instances: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def run(self, command: str, *args: str) -> Answer:
        self.said.append(command % args)
        verb = command.split()[1]
        if verb == self.fails and self.often:
            self.often -= 1
            return Answer(1, f"{verb} failed{self.why}")
        if verb == "add":
            self.instances.add(args[-1])
        if verb == "remove":
            self.instances.discard(args[0])
        known = args[-1] in self.instances
        return Answer(0 if known or verb != "list" else 1, "ADMIN_down\n" if known else "")

    def check_output(self, command: str, node: str, script: str) -> str:
        (self.definitions.discard if script.startswith("rm") else self.definitions.add)(node)
        return ""


def add(cluster: Cluster) -> instance.added:
    return instance.added(cluster, "check.test", "node2", ["node1", "node2"], kvm=False)


def test_everything_is_gone_when_all_went_well() -> None:
    cluster = Cluster()
    with add(cluster) as one:
        assert one.status() == "ADMIN_down"
        assert cluster.definitions == {"node1", "node2"}
    assert (cluster.instances, cluster.definitions) == (set(), set())


def test_everything_is_gone_when_a_check_failed() -> None:
    cluster = Cluster()
    with pytest.raises(ZeroDivisionError), add(cluster):
        raise ZeroDivisionError
    assert (cluster.instances, cluster.definitions) == (set(), set())


def test_definitions_are_gone_when_the_instance_cannot_be_added() -> None:
    cluster = Cluster(fails="add")
    with pytest.raises(AssertionError, match="add failed"), add(cluster):
        pass
    assert cluster.definitions == set()


def test_an_instance_that_stays_is_told_and_the_definitions_go() -> None:
    cluster = Cluster(fails="remove")
    with (
        pytest.raises(AssertionError, match=r"gnt-instance remove check.test: remove failed"),
        add(cluster),
    ):
        pass
    assert cluster.definitions == set()


@pytest.mark.parametrize("why", [f": {words}" for words in instance.BUSY])
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_what_met_a_busy_node_is_asked_again(verb: str, why: str) -> None:
    cluster = Cluster(verb, why, often=instance.ATTEMPTS - 1)
    with add(cluster) as one:
        assert one.status() == "ADMIN_down"
    assert (cluster.often, cluster.instances) == (0, set())


def test_a_change_of_the_cluster_that_met_a_busy_node_is_asked_again() -> None:
    cluster = Cluster("modify", ": Error 28: SSL connection timeout", often=1)
    instance.asked(cluster, "gnt-cluster modify --enabled-hypervisors=%s", "kvm")
    assert cluster.said == ["gnt-cluster modify --enabled-hypervisors=kvm 2>&1"] * 2


def test_a_node_that_is_always_busy_is_gone() -> None:
    with pytest.raises(AssertionError, match="Error 28"), add(Cluster("add", ": Error 28")):
        pass


def test_what_an_interrupted_run_left_is_removed_first() -> None:
    cluster = Cluster(instances={"check.test"})
    with add(cluster):
        verbs = [line.split()[1] for line in cluster.said]
        assert verbs.index("remove") < verbs.index("add")


@pytest.mark.parametrize(("kvm", "flag"), [(True, "enabled"), (False, "disabled")])
def test_instance_runs_emulated_where_there_is_no_kvm(kvm: bool, flag: str) -> None:
    assert instance.hypervisor_parameters(kvm).startswith(f"kvm:kvm_flag={flag},")


def test_eventually_waits_for_a_yes() -> None:
    answers = iter([False, False, True])
    assert eventually(lambda: next(answers), seconds=60, pause=0)


def test_eventually_gives_up() -> None:
    assert not eventually(lambda: False, seconds=0, pause=0)


class Busy:
    """A master whose jobs to remove snf-2 fail so often, as `why` says, before it goes."""

    def __init__(self, fails: int, why: str) -> None:
        self.fails, self.why, self.asked, self.there = fails, why, 0, True

    def run(self, _: str) -> Answer:
        failed = min(self.asked, self.fails)
        return Answer(0, f"INSTANCE_REMOVE(snf-2) Can't remove disks: {self.why}\n" * failed)

    def ask(self) -> None:
        self.asked += 1
        self.there = self.asked <= self.fails


@pytest.mark.parametrize(
    ("fails", "why", "asked", "goes"),
    [
        (0, "", 1, True),
        (1, "Error 28: SSL connection timeout", 2, True),
        (9, "Error 28: SSL connection timeout", instance.ATTEMPTS, False),
        (1, "Timeout in reading a response", 2, True),
        (1, "it is in use", 1, False),
    ],
)
def test_a_busy_node_is_met_again_and_nothing_else_is(
    fails: int, why: str, asked: int, goes: bool
) -> None:
    master = Busy(fails, why)
    made = instance.Instance(master, "snf-2")
    assert made.goes(master.ask, lambda: not master.there, 60) == goes
    assert master.asked == asked


def test_only_its_own_failed_jobs_are_told() -> None:
    class Master:
        def run(self, command: str) -> Answer:
            assert "--error" in command
            return Answer(0, "GROUP_VERIFY_DISKS(1) [1]\nINSTANCE_CREATE(snf-2) [Error 28: SSL]\n")

    assert instance.Instance(Master(), "snf-2").errors() == "INSTANCE_CREATE(snf-2) [Error 28: SSL]"
    assert instance.Instance(Master(), "snf-20").errors() == ""
