"""What first boot does without in a container, and what it takes instead."""

import errno
import os

from engine import files, ganeti, probe
from engine.failures import StepError, StepSkipped
from steps import clock, ganeti_init, network, nfs_export, nfs_mount, volume_group
from world import raises

EVERYTHING = {"nfsd": "no NFS", "lvm": "no mapper", "vlan": "no VLANs", "clock": "no clock"}


def case_a_mount_point_is_overwritten_in_place(world):
    path = world.path("etc/hosts")
    world.put("etc/hosts", "what Docker wrote\n")
    number = os.stat(path).st_ino

    def busy(source, target):
        raise OSError(errno.EBUSY, "Device or resource busy")

    world.patch(os, "rename", busy)
    files.write(path, "ours\n", mode=0o640)
    assert files.is_written(path, "ours\n", mode=0o640)
    assert os.stat(path).st_ino == number
    assert os.listdir(os.path.dirname(path)).count(".firstboot-hosts") == 0


def case_another_trouble_with_a_rename_is_not_hidden(world):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    world.patch(os, "rename", full)
    assert raises(OSError, files.write, world.path("etc/hosts"), "ours\n")
    assert not os.path.exists(world.path("etc/hosts"))


def case_steps_are_skipped_for_the_reason_in_the_seed(world):
    world.golden["absent"] = EVERYTHING
    ctx = world.context()
    assert raises(StepSkipped, volume_group.run, ctx) == "no mapper"
    assert raises(StepSkipped, clock.run, ctx) == "no clock"
    assert world.calls() == []


def case_a_shared_volume_stands_in_for_nfs_only_when_it_is_there(world):
    world.golden["absent"] = EVERYTHING
    for step in (nfs_export, nfs_mount):
        assert "not a volume that the nodes share" in raises(StepError, step.run, world.context())
    world.patch(os.path, "ismount", lambda path: path == world.path("srv/archip"))
    for step in (nfs_export, nfs_mount):
        said = raises(StepSkipped, step.run, world.context())
        assert said == "no NFS; the nodes share a volume at /srv/archip"


def case_a_bridge_does_without_the_vlan_but_not_without_a_card(world):
    world.golden["absent"] = EVERYTHING
    text = network.interfaces(world.golden)
    assert "eth0.1" not in text and "iface br1 inet manual\n    bridge_ports none" in text
    assert "iface br2 inet manual\n    bridge_ports eth1" in text


def case_an_address_given_by_the_engine_is_left_alone(world):
    world.golden["network"]["interfaces"][0].update(given=True, mac=None)
    world.golden["bridges"] = []
    text = network.interfaces(world.golden)
    assert "iface eth0 inet manual" in text and "198.51.100.1" not in text
    world.patch(probe, "interface_address", lambda name: "198.51.100.1")
    world.put("etc/network/interfaces", text)
    assert network.done(world.context())
    world.patch(probe, "interface_address", lambda name: None)
    assert not network.done(world.context())


def case_ganeti_keeps_its_disks_in_files(world):
    world.golden["absent"] = EVERYTHING
    ctx = world.context()
    ganeti.allow_files(ctx)
    assert world.get("etc/ganeti/file-storage-paths") == "/srv/ganeti/file-storage\n"
    assert os.path.isdir(world.path("srv/ganeti/file-storage"))
    words = " ".join(ganeti_init.command(ctx, ["file"]))
    assert "--file-storage-dir=/srv/ganeti/file-storage" in words
    assert "--enabled-disk-templates=file" in words and "--ipolicy-disk-templates=file" in words
    assert "vg-name" not in words


def case_a_machine_allows_no_files(world):
    ganeti.allow_files(world.context())
    assert not os.path.exists(world.path("etc/ganeti/file-storage-paths"))
