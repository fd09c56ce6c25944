"""What the runner does with the steps of Synnefo, on the cloud of cloud.py."""

from cloud import Cloud
from steps import (
    admin_group,
    archipelago,
    backend,
    base_image,
    command_logs,
    components,
    dispatcher,
    eventd,
    first_user,
    flavors,
    gunicorn,
    image_registration,
    kamaki,
    mac_prefix_pool,
    nfdhcpd,
    oauth2_client,
    pithos_stamp,
    public_network,
    quota,
    quota_pithos,
    registered_services,
    resources,
    schema,
    vncauthproxy,
)

ORDER = [
    schema, archipelago, components, registered_services, resources, oauth2_client, pithos_stamp,
    gunicorn, first_user, admin_group, vncauthproxy, nfdhcpd, backend, public_network,
    mac_prefix_pool, flavors, dispatcher, eventd, kamaki, base_image, image_registration, quota,
    quota_pithos, command_logs,
]  # fmt: skip


def cloud_of(world):
    world.patch(vncauthproxy, "_opens", lambda password, digest: digest == "hash of " + password)
    return Cloud(world)


def finish(cloud, steps=ORDER):
    """What the runner does with each step; the names of those that had something to do."""
    ctx, ran = cloud.context(), []
    for step in steps:
        if not step.done(ctx):
            step.run(ctx)
            ran.append(step)
            assert step.done(ctx), step.__name__
    return ran


def ready(world, steps):
    """A cloud in which `steps` are done, and its context."""
    cloud = cloud_of(world)
    finish(cloud, steps)
    return cloud, cloud.context()
