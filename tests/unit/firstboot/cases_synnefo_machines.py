"""The steps of Synnefo for machines: storage, Ganeti, networks, images; and the last steps."""

import json
import os
import time

from cloud import Cut
from cloud_run import ORDER, cloud_of, finish, ready
from engine import base_image as images
from engine import tiny_image
from engine.failures import StepError, StepSkipped
from steps import (
    archipelago,
    backend,
    base_image,
    eventd,
    flavors,
    gunicorn,
    image_registration,
    mac_prefix_pool,
    nfdhcpd,
    public_network,
    quota,
    schema,
    vncauthproxy,
)
from world import raises

# ---- machines


def case_a_segment_that_does_not_fit_is_refused_and_the_file_stays(world):
    cloud = cloud_of(world)
    most = archipelago.most_mib(cloud.context())
    text = "[XSEG]\nSEGMENT_SIZE = {0}\n".format(most + 1)
    world.put("etc/archipelago/archipelago.conf", text)
    message = raises(StepError, archipelago.run, cloud.context())
    assert "archipelago_segment_mib" in message and "allows {0}".format(most) in message
    assert world.get("etc/archipelago/archipelago.conf") == text and not cloud.running


def case_gunicorn_is_stopped_before_archipelago(world):
    cloud = cloud_of(world)
    cloud.running.add("gunicorn")
    finish(cloud, [archipelago])
    assert "gunicorn" not in cloud.running and "archipelago-boot" in cloud.running


def case_the_log_of_gunicorn_is_not_for_everybody_to_write(world):
    cloud = cloud_of(world)
    log = world.path("var/log/synnefo/gunicorn.log")
    gunicorn.run(cloud.context())
    assert os.stat(log).st_mode & 0o7777 == 0o660
    world.put("var/log/synnefo/gunicorn.log", "as an older image left it\n")
    os.chmod(log, 0o666)
    gunicorn.run(cloud.context())
    assert os.stat(log).st_mode & 0o7777 == 0o660
    assert world.get("var/log/synnefo/gunicorn.log")


def case_a_peer_that_failed_is_named_although_start_says_0(world):
    cloud = cloud_of(world)
    cloud.broken["archipelago-boot"] = (0, "")
    world.put("var/log/archipelago/blockerm.log", "starting\nlock_dir is missing\n")
    message = raises(StepError, archipelago.run, cloud.context())
    assert "blockerb, blockerm" in message and "blockerm: lock_dir is missing" in message


def case_storage_that_another_node_brings_is_waited_for_by_its_name(world):
    cloud = cloud_of(world)
    world.golden["hosts"]["nfs-server"] = "n2"
    folder, said = world.path("srv/archip/blocks"), []
    world.put(
        "etc/archipelago/archipelago.conf",
        "[XSEG]\nSEGMENT_SIZE = 1\n[blockerb]\narchip_dir = /srv/archip/blocks\n",
    )
    world.patch(time, "sleep", lambda seconds: os.makedirs(folder))
    ctx = cloud.context()
    ctx.on_waiting = said.append
    archipelago.run(ctx)
    assert said[0].startswith(
        "waiting for n2 storage, of which /srv/archip/blocks is missing, 0 s of 60 s"
    ), said
    assert len(said) == 1 and archipelago.done(ctx)


def case_a_backend_of_another_user_is_refused(world):
    cloud, ctx = ready(world, [schema, backend])
    assert backend.done(ctx)
    cloud.manage.backends[0]["username"] = "other"
    message = raises(StepError, backend.done, ctx)
    assert "username other and not cyclades" in message


def case_a_network_is_never_made_twice_nor_changed(world):
    cloud, ctx = ready(world, [schema, backend, public_network])
    row = cloud.manage.networks[0]
    row["link"] = "br9"
    assert "link br9 and not br1" in raises(StepError, public_network.done, ctx)
    row["link"] = "br1"
    cloud.manage.networks.append(dict(row, id=2))
    message = raises(StepError, public_network.done, ctx)
    assert "2 networks" in message and "1 public_network 10.0.0.0/24" in message


def case_a_network_whose_jobs_were_lost_is_reconciled(world):
    cloud, ctx = ready(world, [schema, backend])
    cloud.manage.jobs_work = False
    cloud.manage.run(["network-create"] + public_network._options(ctx), "")
    finish(cloud, [public_network])
    assert len(cloud.manage.networks) == 1
    assert [line for line in cloud.ran if "reconcile-networks --fix-all" in line]


def queue(world, number, *statuses):
    ops = [{"status": each, "input": {}} for each in statuses]
    world.put("var/lib/ganeti/queue/job-{0}".format(number), json.dumps({"ops": ops}))


def case_jobs_of_before_a_power_cut_end_before_anything_is_made_beside_them(world):
    cloud, ctx = ready(world, [schema, backend])
    cloud.manage.jobs_work = False
    cloud.manage.run(["network-create"] + public_network._options(ctx), "")
    queue(world, 3, "success", "waiting")
    world.put("var/lib/ganeti/queue/job-4", '{"ops": [{"sta')
    queue(world, "54hvsjca4g.new", "queued")
    world.put("var/lib/ganeti/queue/serial", "4\n")
    before = len(cloud.ran)

    def ends(seconds):
        assert not [line for line in cloud.ran[before:] if "network" in line], "it was not awaited"
        cloud.manage.jobs_work = True
        cloud.manage._submit()
        queue(world, 3, "success", "success")

    world.patch(time, "sleep", ends)
    public_network.run(ctx)
    # Ganeti has resumed them: nothing is left to make, and Cyclades is told.
    assert public_network.done(ctx)
    assert not [line for line in cloud.ran[before:] if "network-create" in line]


def case_jobs_that_failed_are_not_waited_for(world):
    cloud, ctx = ready(world, [schema, backend])
    queue(world, 3, "success", "error")
    queue(world, 11, "canceled")
    cloud.manage.jobs_work = False
    world.patch(cloud.manage, "reconcile_networks", lambda *arguments: (0, ""))
    world.patch(time, "sleep", None)
    assert "network snf-net-1 is not connected" in raises(StepError, public_network.run, ctx)


def case_a_network_is_active_in_cyclades_too_although_no_eventd_tells(world):
    cloud, ctx = ready(world, [schema, backend])
    cloud.manage.run(["network-create"] + public_network._options(ctx), "")
    assert public_network._is_connected(ctx, public_network._row(ctx, anew=True))
    assert not public_network.done(ctx), "Ganeti has it, but Cyclades does not know"
    finish(cloud, [public_network])
    said = cloud.run(["snf-manage", "network-inspect", "1"]).text
    assert public_network.state_in_backend(said, "ganeti.n1.small.example") == "ACTIVE"
    assert public_network.state_in_backend("State of network in backend: x", "x") is None


def case_a_pool_of_another_base_is_refused(world):
    cloud, ctx = ready(world, [schema, mac_prefix_pool])
    cloud.manage.pools[0] = ("aa:11:0", "65536")
    assert "aa:11:0" in raises(StepError, mac_prefix_pool.done, ctx)


def case_a_flavor_with_a_bad_name_is_named(world):
    cloud = cloud_of(world)
    world.golden["variables"]["flavors"] = ["C1R130D1plain"]
    assert "'C1R130D1plain'" in raises(StepError, flavors.done, cloud.context())


def case_eventd_is_left_alone_off_the_master(world):
    cloud = cloud_of(world)
    world.put("var/lib/ganeti/ssconf_master_node", "n2.small.example\n")
    assert finish(cloud, [eventd]) == [] and cloud.ran == []


def case_nfdhcpd_is_skipped_where_the_kernel_has_no_queue(world):
    cloud = cloud_of(world)
    world.golden["absent"] = {"nfqueue": "no nfnetlink_queue here"}
    assert raises(StepSkipped, nfdhcpd.run, cloud.context()) == "no nfnetlink_queue here"


def case_vnc_proxy_is_down_while_its_user_changes(world):
    cloud, ctx = ready(world, [vncauthproxy])
    world.put("var/lib/vncauthproxy/users", "synnefo:other\n")
    assert not vncauthproxy.done(ctx)
    cloud.cut_at, cloud.cut_after = len(cloud.ran) + 2, True
    try:
        vncauthproxy.run(ctx)
    except Cut:
        pass
    # The user is right now, and no proxy runs that has not read it.
    assert vncauthproxy._is_configured(ctx) and "vncauthproxy" not in cloud.running


# ---- images


def case_an_object_of_another_size_is_refused(world):
    cloud, ctx = ready(world, ORDER[:-3])
    cloud.objects["/images/base.diskdump"] = 3
    message = raises(StepError, image_registration.done, ctx)
    assert "3 bytes and not of 5" in message and "/srv/images/base.diskdump" in message


def case_an_image_of_that_name_elsewhere_is_refused(world):
    cloud, ctx = ready(world, ORDER[:-3])
    cloud.images[0]["location"] = "pithos://uuid-1/images/old"
    message = raises(StepError, image_registration.done, ctx)
    assert "images/old" in message and "images/base.diskdump" in message


def case_a_site_without_an_image_skips_it(world):
    cloud = cloud_of(world)
    del world.golden["variables"]["base_image"]
    for step in (base_image, image_registration):
        assert "base_image" in raises(StepSkipped, step.done, cloud.context())


def case_an_image_that_was_not_baked_is_named_and_never_fetched(world):
    cloud = cloud_of(world)
    world.golden["variables"]["base_image"] = "https://far.example/none.diskdump"
    message = raises(StepError, base_image.run, cloud.context())
    assert "/srv/images/none.diskdump is not on this node" in message
    assert cloud.ran == []


def case_the_tiny_image_is_a_disk_that_boots(world):
    cloud = cloud_of(world)
    world.golden["variables"]["base_image"] = "tiny"
    finish(cloud, [base_image])
    with open(world.path(images.path(cloud.context())), "rb") as file:
        sector = file.read(512)
        size = len(file.read()) + 512
    assert size == 8 * 1024 * 1024 and sector[510:] == b"\x55\xaa"
    # The program finds its greeting, and the partition is where the file system is.
    place = 0x7C00 + len(tiny_image.CODE)
    assert sector[11:13] == b"\x27\x7c" and place == 0x7C27
    assert sector[450:451] == b"\x83" and sector[454:458] == b"\x00\x08\x00\x00"


# ---- at the end


def case_what_is_out_of_sync_is_mended(world):
    cloud, ctx = ready(world, ORDER[:-3])
    cloud.manage.in_sync = False
    assert not quota.done(ctx)
    quota.run(ctx)
    assert quota.done(ctx)


def case_logs_of_commands_keep_no_secret(world):
    cloud = cloud_of(world)
    finish(cloud)
    folder = world.path("var/log/synnefo/commands")
    kept = [world.get("var/log/synnefo/commands/" + name) for name in os.listdir(folder)]
    assert kept and not [
        text for text in kept for secret in world.golden["secrets"].values() if secret in text
    ]


def case_a_password_of_the_vnc_proxy_fits_its_digest(world):
    # The first test vector of https://www.akkadia.org/drepper/SHA-crypt.txt.
    digest = (
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl"
        "/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    )
    assert vncauthproxy._opens("Hello world!", digest)
    assert not vncauthproxy._opens("Hello w\u00f6rld!", digest)
    assert not vncauthproxy._opens("", "")
