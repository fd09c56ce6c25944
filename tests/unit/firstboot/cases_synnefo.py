"""The steps of Synnefo as a whole, cut at every command, and those of Astakos and the databases."""

import os
import shutil

from cloud import Cut
from cloud_run import ORDER, cloud_of, finish, ready
from engine import person, probe, synnefo
from engine.failures import CommandError, StepError
from steps import (
    components,
    first_user,
    kamaki,
    oauth2_client,
    pithos_stamp,
    quota,
    quota_pithos,
    registered_services,
    resources,
    schema,
)
from world import raises


def state(cloud):
    """Everything that lasts, without what may differ between two runs that both went well."""
    manage = cloud.manage
    return [
        manage.components,
        manage.services,
        manage.resources,
        manage.clients,
        manage.users,
        manage.backends,
        manage.networks,
        manage.in_ganeti,
        manage.known_ends,
        manage.pools,
        manage.flavors,
        manage.types,
        cloud.objects,
        cloud.images,
        cloud.tables,
        cloud.running,
        cloud.world.get("root/.kamakirc"),
        cloud.world.get("var/lib/vncauthproxy/users"),
        cloud.world.get("etc/archipelago/archipelago.conf"),
    ]


def case_all_steps_do_their_work_once(world):
    cloud = cloud_of(world)
    world.golden["variables"]["flavors"] = ["C1R128D1plain"]
    ran = finish(cloud)
    # The dump of Pithos's tables is stamped, and nothing was out of sync.
    assert set(ORDER) - set(ran) == {pithos_stamp, quota, quota_pithos}
    before = len(cloud.ran)
    assert finish(cloud) == []
    writes = ("-add", "-create", "-modify", "-import", "upload", "register", "--fix", "-1 -o")
    assert not [line for line in cloud.ran[before:] if any(word in line for word in writes)]
    assert len(cloud.manage.networks) == len(cloud.manage.users) == 1
    assert "C1R128D1plain" in cloud.manage.flavors


def case_a_cut_before_or_after_any_command_converges(world):
    cloud = fresh(world)
    finish(cloud)
    wanted, total = state(cloud), len(cloud.ran)
    assert total > 60
    for number in range(1, total + 1):
        for after in (False, True):
            cloud = fresh(world)
            cloud.cut_at, cloud.cut_after = number, after
            raises(Cut, finish, cloud)
            cloud.cut_at = None
            cloud.reboot()
            finish(cloud)
            assert state(cloud) == wanted, (number, after, cloud.ran)


def fresh(world):
    """A cloud in an empty folder."""
    shutil.rmtree(world.root)
    for folder in ("dev", "bin"):
        os.makedirs(world.path(folder))
    return cloud_of(world)


# ---- Astakos


def case_a_component_with_another_address_is_refused(world):
    cloud, ctx = ready(world, [schema, components])
    cloud.manage.components["pithos"]["base_url"] = "https://old.example/pithos"
    message = raises(StepError, components.done, ctx)
    assert "https://old.example/pithos" in message and "https://n2.small.example/pithos" in message


def case_tokens_are_forced_and_in_no_log(world):
    cloud, ctx = ready(world, [schema, components])
    for name in ("pithos", "cyclades"):
        assert cloud.manage.components[name]["token"] == ctx.secret(name + "_token")
    cloud.manage.components["pithos"]["token"] = "another"
    assert not components.done(ctx)
    components.run(ctx)
    assert components.done(ctx)


def case_services_are_imported_in_one_go(world):
    cloud, _ = ready(world, [schema, components, registered_services])
    assert len([line for line in cloud.ran if "service-import" in line]) == 1
    assert sorted(cloud.manage.services.values()) == ["astakos", "cyclades", "pithos"]


def case_limits_are_numbers_with_units(world):
    assert resources.number("4") == 4 and resources.number("40G") == 40 * 1024**3
    assert resources.number("10 GB") == 10 * 1024**3 == resources.number("10GiB")
    assert resources.number("inf") == 2**63 - 1
    assert "'4 X' is neither" in raises(StepError, resources.number, "4 X")


def case_site_limits_and_shows_resources(world):
    cloud = cloud_of(world)
    world.golden["variables"].update(
        quota_defaults=["cyclades.vm=7"], resource_visibility=["pithos.diskspace=none"]
    )
    finish(cloud, [schema, components, registered_services, resources])
    assert cloud.manage.resources["cyclades.vm"]["system_default"] == 7
    assert not cloud.manage.resources["pithos.diskspace"]["api_visible"]
    world.golden["variables"]["quota_defaults"] = ["cyclades.wm=7"]
    message = raises(StepError, resources.done, cloud.context())
    assert "no resource cyclades.wm" in message and "cyclades.vm" in message


def case_an_oauth_client_that_differs_is_refused(world):
    cloud, ctx = ready(world, [schema, oauth2_client])
    client = cloud.manage.clients["pithos-view"]
    client["url"] = "https://old.example/view"
    message = raises(StepError, oauth2_client.done, ctx)
    assert "old.example" in message and "https://n2.small.example/pithos/ui/view" in message


def case_an_oauth_client_with_another_secret_is_made_again(world):
    cloud, ctx = ready(world, [schema, oauth2_client])
    cloud.manage.clients["pithos-view"]["secret"] = "Battery"
    assert not oauth2_client.done(ctx)
    oauth2_client.run(ctx)
    assert oauth2_client.done(ctx)
    assert cloud.manage.clients["pithos-view"]["secret"] == world.golden["secrets"]["oauth2_secret"]


def case_an_unverified_user_is_kept_and_not_replaced(world):
    cloud, ctx = ready(world, [schema])
    cloud.manage.mail_works = False
    assert "Connection refused" in raises(CommandError, first_user.run, ctx)
    cloud.manage.mail_works = True
    first_user.run(ctx)
    assert first_user.done(ctx)
    assert [user["uuid"] for user in cloud.manage.users] == ["uuid-1"]


def case_a_mail_server_that_is_away_is_named_before_a_user_is_made(world):
    cloud, _ = ready(world, [schema])
    world.golden["variables"].update(mail_backend="smtp", mail_smtp_host="mail.small.example")
    world.patch(probe, "tcp", lambda address, port: port != 25)
    world.patch(probe, "resolved", lambda name: None)
    message = raises(StepError, first_user.run, cloud.context())
    assert "mail.small.example" in message and "has no address here" in message
    assert cloud.manage.users == []
    world.patch(probe, "tcp", lambda address, port: True)
    first_user.run(cloud.context())
    assert first_user.done(cloud.context())


def case_a_deactivated_user_is_not_revived(world):
    cloud, ctx = ready(world, [schema, first_user])
    cloud.manage.user()["active"] = False
    assert not first_user.done(ctx)
    assert "not active" in raises(StepError, first_user.run, ctx)


def case_the_token_of_the_user_is_never_in_the_log(world):
    cloud, ctx = ready(world, [schema, first_user])
    token = person.token(ctx)
    assert token == "TokenOfTheUser1"
    ctx.log("it is " + token)
    assert token not in world.get("var/log/firstboot.log")
    kamaki.run(ctx)
    assert os.stat(world.path("root/.kamakirc")).st_mode & 0o777 == 0o600
    assert not [line for line in cloud.ran if token in line]


def case_kamakirc_with_more_options_is_left_alone(world):
    _, ctx = ready(world, [schema, first_user, kamaki])
    path = world.path("root/.kamakirc")
    with open(path, "a") as file:
        file.write("pithos_container = x\n")
    assert kamaki.done(ctx)
    os.chmod(path, 0o644)
    assert not kamaki.done(ctx)


# ---- databases


def case_tables_are_made_by_commands_without_a_dump(world):
    cloud = cloud_of(world)
    for name in ("snf_apps", "snf_pithos"):
        os.unlink(world.path("usr/lib/golden/schema/{0}.sql".format(name)))
    ctx = cloud.context()
    schema.run(ctx)
    assert schema.done(ctx)
    assert [line.split()[1] for line in cloud.ran if "snf-manage" in line] == [
        "syncdb",
        "migrate",
        "loaddata",
    ]
    world.put("var/lib/postgresql/schema.begun", "cut short")
    assert not schema.done(ctx)


def case_tables_without_those_of_one_application_are_not_complete(world):
    cloud, ctx = ready(world, [schema])
    assert schema.done(ctx)
    for app in sorted(cloud.manage.apps):
        cloud.manage.apps.discard(app)
        assert not schema.done(ctx), app
        cloud.manage.apps.add(app)


def case_the_tables_that_other_nodes_wait_for_come_last(world):
    cloud, _ = ready(world, [schema])
    loads = [line for line in cloud.ran if ".sql" in line]
    assert [line.split("/")[-1] for line in loads] == ["snf_pithos.sql", "snf_apps.sql"]


def case_a_versioned_pithos_database_is_never_stamped(world):
    cloud, ctx = ready(world, [schema])
    assert pithos_stamp.done(ctx)
    del cloud.comments["snf_pithos"]
    pithos_stamp.run(ctx)
    assert [line for line in cloud.ran if "migrate" in line][-1].endswith("upgrade head")


def case_tables_of_an_older_synnefo_are_migrated_before_other_nodes_go_on(world):
    cloud, _ = ready(world, [schema, pithos_stamp])
    world.image["versions"]["synnefo"] = "0.16.3"
    ctx, before = cloud.context(), len(cloud.ran)
    assert not schema.done(ctx) and not schema.complete(ctx) and not pithos_stamp.done(ctx)
    schema.run(ctx)
    assert schema.done(ctx) and not pithos_stamp.done(ctx)
    pithos_stamp.run(ctx)
    assert pithos_stamp.done(ctx)
    ran = [line.split()[1] for line in cloud.ran[before:] if "psql" not in line]
    # No `loaddata`: an administrator may have changed the flavors.
    assert ran == ["syncdb", "migrate", "upgrade"]
    assert set(cloud.comments.values()) == {"Synnefo 0.16.3"}


def case_what_is_no_list_is_said(world):
    cloud, ctx = ready(world, [schema])
    cloud.broken["snf-manage"] = (0, "Traceback")
    assert "printed no list: Traceback" in raises(
        StepError, synnefo.listing, ctx, "component-list", ["name"]
    )
    cloud.broken["snf-manage"] = (0, "[x] warning\n[]\nand more\n]")
    assert synnefo.listing(ctx, "component-list", ["name"]) == []
