"""What real Wheezy programs say of the files and scripts that an image gets.

Needs a tree of Wheezy (`tree.py` here says how it is given); what it lacks is skipped by name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from golden import paths, run
from golden.paths import SCRIPTS, TESTS
from tests.integration.wheezy.tree import Tree, tree

pytestmark = pytest.mark.wheezy
__all__ = ["tree"]
FILES = paths.RENDERED / "example/node1/rootfs"
CASES = TESTS / "unit/firstboot"


def need(tree: Tree, *programs: str) -> None:
    for program in programs:
        if not tree.has(program):
            pytest.skip(f"the tree has no {program}")


def scripts(folder: Path, place: str, pattern: str) -> dict[str, Path]:
    files = [file for file in folder.rglob(pattern) if file.is_file()]
    return {f"{place}/{file.relative_to(folder)}": file for file in files}


def test_dash_reads_every_script_of_the_bake(tree: Tree) -> None:
    names = scripts(SCRIPTS / "bake", "/tmp/bake", "*.sh")
    tree.put_all(names)
    tree.sh(" && ".join(f"dash -n {name}" for name in names))


def test_first_boot_goes_before_every_daemon_of_the_roles(tree: Tree) -> None:
    daemons = ("ssh", "ntp", "nfs-kernel-server", "cron", "rabbitmq-server", "apache2", "dnsmasq")
    there = [name for name in daemons if tree.has(f"/etc/init.d/{name}")]
    assert "cron" in there
    needs = started(tree, there)
    late = [name for name in ("archipelago-boot", *there) if "firstboot" not in behind(needs, name)]
    assert late == [], needs


def test_the_packet_filter_is_there_before_the_network(tree: Tree) -> None:
    started(tree, ["cron"])
    needs = waits(tree, "boot")
    assert "packet-filter" in behind(needs, "networking"), needs


def test_the_state_is_bound_before_the_daemons_of_runlevel_s(tree: Tree) -> None:
    daemons = [name for name in ("rpcbind", "nfs-common") if tree.has(f"/etc/init.d/{name}")]
    assert daemons
    started(tree, ["cron", *daemons])
    needs = waits(tree, "boot")
    early = [name for name in ("networking", *daemons) if "golden-state" not in behind(needs, name)]
    assert early == [], needs
    assert {"mountkernfs.sh", "mountall.sh"} <= behind(needs, "golden-state"), needs


@pytest.mark.parametrize("node", ["node1", "node2"])
@pytest.mark.parametrize(("program", "rules"), [("iptables", "ipv4"), ("ip6tables", "ipv6")])
def test_iptables_prints_the_packet_filter_as_it_is_written(
    tree: Tree, node: str, program: str, rules: str
) -> None:
    """The rehearsal's, for the guide's own site has none."""
    need(tree, f"/sbin/{program}-restore", f"/sbin/{program}")
    if tree.format():
        pytest.skip("qemu-user does not hand rules to the kernel")
    file = paths.RENDERED / f"rehearsal/{node}/rootfs/etc/packet-filter/{rules}.rules"
    tree.put("/tmp/rules", file.read_bytes())
    said = tree.sh(f"{program}-restore </tmp/rules; {program} -S").out.splitlines()
    wanted = [line for line in file.read_text().splitlines() if line.startswith("-A")]
    assert len(wanted) >= 3
    assert [line for line in said if line.startswith("-A")] == wanted


def test_gunicorn_and_ganeti_start_after_archipelago(tree: Tree) -> None:
    """gunicorn 0.14.5-3 and archipelago 0.4.1 require $all, and insserv puts both into its last
    slot, in parallel (docs/wheezy.md W11.3)."""
    headers = {"gunicorn": "$all", "archipelago": "$remote_fs $all", "ganeti": "$remote_fs"}
    for name, required in headers.items():
        tree.put(f"/etc/init.d/{name}", HEADER.format(name=name, required=required), 0o755)
    script = (SCRIPTS / "bake/archipelago.sh").read_text()
    needs = started(tree, ["gunicorn", "ganeti"], f"update-rc.d archipelago defaults\n{script}")
    assert "archipelago" not in needs
    assert {"archipelago-boot", "firstboot"} <= behind(needs, "ganeti"), needs
    assert {"archipelago-boot", "ganeti"} <= behind(needs, "gunicorn"), needs


HEADER = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides: {name}
# Required-Start: {required}
# Required-Stop: $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
"""


def started(tree: Tree, daemons: list[str], before: str = "") -> dict[str, list[str]]:
    """What each script waits for that insserv has started in runlevel 2: `daemons`, first boot and
    the scripts of the roles."""
    need(tree, "/sbin/insserv", "/usr/sbin/update-rc.d")
    first = {path.name: path for path in (SCRIPTS / "firstboot/init.d").iterdir()}
    own = dict(first)
    own |= {path.name: path for path in (FILES / "etc/init.d").iterdir()}
    for name, source in own.items():
        tree.put(f"/etc/init.d/{name}", source.read_bytes(), 0o755)
    tree.put("/tmp/services.sh", (SCRIPTS / "bake/services.sh").read_text())
    ours = [name for name in own if name not in (*first, "packet-filter")]
    named = "\n".join([*daemons, *ours])
    enable = "\n".join(f"update-rc.d {name} enable" for name in [*daemons, *ours])
    script = f"mkdir /run/bake /run/bake/input; echo '{named}' >/run/bake/input/services.list\n"
    said = tree.sh(f"{before}\n{script} sh /tmp/services.sh\n{enable}").out
    assert "loop" not in said
    return waits(tree, "start")


def waits(tree: Tree, when: str) -> dict[str, list[str]]:
    """What each script waits for: startpar goes by this file, the links' numbers say less."""
    targets, *lines = tree.read(f"/etc/init.d/.depend.{when}").splitlines()
    found = {line.partition(":")[0]: line.split()[1:] for line in lines if ":" in line}
    return {name: found.get(name, []) for name in targets.split()[2:]}


def behind(needs: dict[str, list[str]], name: str) -> set[str]:
    """What starts before the script `name`."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = set(needs.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return found


def test_sshd_takes_its_configuration(tree: Tree) -> None:
    need(tree, "/usr/sbin/sshd", "/usr/bin/ssh-keygen")
    tree.put("/tmp/sshd_config", (FILES / "etc/ssh/sshd_config").read_bytes())
    keys = "".join(
        f"test -e {key} || ssh-keygen -q -N '' -t {key.split('_')[2]} -f {key}\n"
        for key in ("/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key")
    )
    tree.sh(f"{keys} chmod 600 /etc/ssh/ssh_host_*_key; mkdir -p /run/sshd /var/run/sshd")
    said = tree.sh(
        "mkdir -p /var/run/sshd; sshd -t -f /tmp/sshd_config && sshd -T -f /tmp/sshd_config"
    ).out
    assert "passwordauthentication no" in said
    assert "unsupported" not in said.lower() and "deprecated" not in said.lower()


def test_ifup_takes_the_interfaces_of_first_boot(tree: Tree) -> None:
    need(tree, "/sbin/ifup")
    seed = json.loads((FILES.parent / "seed/node1.json").read_text())
    program = "import json, sys; from steps import network\n"
    program += "print(network.interfaces(json.load(sys.stdin)))"
    env = {"PYTHONPATH": str(SCRIPTS / "firstboot"), "PYTHONDONTWRITEBYTECODE": "1"}
    text = run.run([sys.executable, "-c", program], stdin=json.dumps(seed), env=env).out
    tree.put("/etc/network/interfaces", text)
    said = tree.sh("mkdir -p /run/network /etc/network/run; ifup --no-act -v -a --force").out
    assert "ip addr add 203.0.113.1/255.255.255.0" in said
    for name in ("eth0.1", "br1", "eth0.2", "br2"):
        assert f"ip link set {name} up" in said, said


def test_apt_takes_its_configuration(tree: Tree) -> None:
    need(tree, "/usr/bin/apt-config", "/usr/bin/apt-cache")
    for file in (FILES / "etc/apt").rglob("*"):
        if file.is_file():
            tree.put(f"/etc/apt/{file.relative_to(FILES / 'etc/apt')}", file.read_bytes())
    said = tree.sh("apt-config dump; apt-cache policy").out
    assert "Dir::Bin::gpg" in said and "W:" not in said and "E:" not in said


def test_init_and_the_kernels_settings_are_understood(tree: Tree) -> None:
    need(tree, "/sbin/sysctl")
    for name in ("etc/sysctl.d/vm-gateway.conf", "etc/default/rcS", "etc/default/tmpfs"):
        tree.put(f"/tmp/{Path(name).name}", (FILES / name).read_bytes())
    said = tree.sh("sysctl -n -e -p /tmp/vm-gateway.conf; sh -n /tmp/rcS; sh -n /tmp/tmpfs", False)
    assert "unknown" not in said.out and "syntax" not in said.out.lower()


@pytest.mark.parametrize("module", sorted(path.stem for path in CASES.glob("cases_*.py")))
def test_first_boot_passes_its_cases_under_python_2_7_3(tree: Tree, module: str) -> None:
    need(tree, "/usr/bin/python2.7")
    tree.put_all(scripts(CASES, "/golden/tests/unit/firstboot", "*.py"))
    tree.put_all(scripts(SCRIPTS / "firstboot", "/golden/scripts/firstboot", "*"))
    tree.put_all(scripts(SCRIPTS / "check", "/golden/scripts/check", "*.py"))
    program = "/golden/tests/unit/firstboot/run_cases.py"
    said = tree.run("/usr/bin/python2.7", program, module).out
    results = json.loads(said[said.index("{") :])
    assert results
    assert {name: text for name, text in results.items() if text} == {}


def test_the_questions_of_the_checks_are_python_2_7_3(tree: Tree) -> None:
    need(tree, "/usr/bin/python2.7")
    names = scripts(SCRIPTS / "check", "/golden/check", "*.py")
    tree.put_all(names)
    said = tree.sh("cd /golden/check; python2.7 -B -m compileall -q . && echo compiled").out
    assert said.strip().endswith("compiled")
