"""Upload the base image to Pithos and register it for everybody, as the first user.

Pithos is on another node and is waited for. An object or an image of that name that differs is
never overwritten. The guide's upload target makes an object called `images` (docs/synnefo.md
S15.44).
"""

import os

from engine import base_image, person, synnefo, web
from engine.failures import StepError

from steps import base_image as fetched

GUIDE = ("G185", "G277", "G279", "G282")
SERVICES = ()
# The cloud is whole without it, and a user can register an image, too.
OPTIONAL = True

CONTAINER = "images"
PITHOS_SECONDS = 1500
UPLOAD_SECONDS = 1500


def done(ctx):
    base_image.source(ctx)
    images = synnefo.url(ctx, "cyclades", "/image/v1.0/images/detail")
    if not _accepts(ctx, images) or not _accepts(ctx, _account(ctx)):
        return False
    found = synnefo.by_name(web.value(ctx, images, person.token(ctx)), base_image.name(ctx))
    if found is None:
        return False
    synnefo.refuse_difference(
        "image " + found["name"],
        found,
        {"location": _location(ctx), "is_public": True},
        "remove it with: kamaki image unregister " + found["id"],
    )
    return _is_uploaded(ctx)


def run(ctx):
    account, node = _account(ctx), ctx.host_of("pithos")["name"]
    ctx.wait(
        "{0} pithos to let the user {1} in".format(node, person.email(ctx)),
        lambda: _accepts(ctx, account),
        PITHOS_SECONDS,
        every=3,
    )
    path = base_image.path(ctx)
    if web.status(ctx, account + "/" + CONTAINER, person.token(ctx)) == 404:
        ctx.run(["kamaki", "container", "create", CONTAINER], timeout=300)
    if not _is_uploaded(ctx):
        ctx.run(["kamaki", "file", "upload", ctx.path(path), _target(ctx)], timeout=UPLOAD_SECONDS)
    # --force is about the metadata file in Pithos, which a run that was cut may have left.
    ctx.run(
        [
            "kamaki",
            "image",
            "register",
            "--name",
            base_image.name(ctx),
            "--location",
            _target(ctx),
            "--public",
            "--metafile",
            ctx.path(path + fetched.META),
            "--force",
        ],
        timeout=600,
    )


def _accepts(ctx, url):
    return web.status(ctx, url, person.token(ctx)) in (200, 204)


def _is_uploaded(ctx):
    status, headers = web.head(ctx, _account(ctx) + _target(ctx), person.token(ctx))
    if status == 404:
        return False
    there = headers.get("content-length")
    here = str(os.path.getsize(ctx.path(base_image.path(ctx))))
    if there != here:
        raise StepError(
            "Pithos has {0} already, of {1} bytes and not of {2} as {3}; remove it "
            "with: kamaki file delete {0}".format(_target(ctx), there, here, base_image.path(ctx))
        )
    return True


def _account(ctx):
    uuid = person.uuid(ctx)
    return synnefo.url(ctx, "pithos", "/object-store/v1/" + uuid)


def _target(ctx):
    return "/{0}/{1}".format(CONTAINER, os.path.basename(base_image.path(ctx)))


def _location(ctx):
    return "pithos://" + person.uuid(ctx) + _target(ctx)
