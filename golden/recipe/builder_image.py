"""The layers of the image golden-builder (golden/builder): Debian with what a bake needs of its
host, and the Python packages of requirements.lock. The lock of the release of `SITE` has them."""

from __future__ import annotations

from golden import paths
from golden.definition import Site
from golden.host.packages import host_packages
from golden.packages import Resolution, Resolver, wheels
from golden.recipe import BOOTSTRAP, KERNEL, MERGED_USR, Recipe, layer_recipe, payload

SITE = "rehearsal"
SCRIPTS = ("files.sh", "venv.sh", "hygiene.sh")
SOURCES = paths.SCRIPTS / "builder"
ENTRY = "/usr/local/sbin/golden-builder"
VENV = "/opt/golden"


def packages() -> frozenset[str]:
    """The names of those asked for: what a bake needs of its host, what lets it reach mirrors by
    HTTPS, what runs the tool itself, and what its entry calls."""
    needed = {each.package for each in host_packages() if "bake" in each.purposes}
    return frozenset({*needed, "ca-certificates", "python3-venv", "mount"})


def recipes(site: Site, resolver: Resolver) -> tuple[Recipe, Recipe]:
    """Both, bottom first, of the release of `site`. Raises UserError for what no source has."""
    release, nothing = site.release, Resolution((), ())
    essential = resolver.resolve_essential({*BOOTSTRAP, *release.real_packages(MERGED_USR)})
    installed = resolver.resolve(packages(), essential.packages)
    given = {
        **payload.essential(essential),
        **payload.packages(release.architecture, installed, essential.packages),
        **payload.users(()),
    }
    debian = layer_recipe("builder", None, KERNEL, given, installed, essential)
    files = {
        **payload.apt_sources(release),
        "/etc/gitconfig": payload.copied(SOURCES / "gitconfig", "0644"),
        ENTRY: payload.copied(SOURCES / "enter.py", "0755"),
        f"{VENV}/{wheels.LOCK.name}": payload.copied(wheels.LOCK, "0644"),
    }
    inputs = {"files": {path: file.identity for path, file in files.items()}}
    given = payload.site(files, {}, ())
    return debian, layer_recipe("builder.tool", debian, SCRIPTS, given, nothing, more=inputs)


def python(recipe: Recipe) -> str:
    """The version of the image's Python, such as 3.11."""
    version = next(each.version for each in recipe.all_packages() if each.name == "python3")
    return ".".join(version.split(".")[:2])
