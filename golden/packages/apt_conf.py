"""apt.conf(5) of an isolated apt."""

from __future__ import annotations

import os
from pathlib import Path

from golden import paths, run
from golden.definition.models import Release

_GPGV = paths.SCRIPTS / "host" / "gpgv-overlook-expiry"
# What the host's administrator set for fetching (proxies, timeouts) also holds for us.
# In lower case: apt ignores it.
_HOST_OPTIONS = ("acquire::http", "acquire::retries", "acquire::force")
# And what that person says of the host's mirror, which may be a frozen one, holds where we use it.
_HOST_MIRROR_OPTIONS = ("acquire::check-valid-until", "acquire::check-date")


def text(release: Release, folder: Path, debs: Path) -> str:
    """Everything below `folder`, for `release`; packages go to the folder `debs`."""
    architecture = release.architecture
    settings = {
        "Dir": folder,
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "state" / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Cache::archives": debs,
        "Dir::Etc": folder / "etc",
        "Dir::Etc::netrc": "/etc/apt/auth.conf",
        "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        "APT::Architecture": architecture,
        "APT::Install-Recommends": "false",
        # Package lists in descriptions' languages are of no use here.
        "Acquire::Languages": "none",
        "Acquire::Check-Valid-Until": str(release.check_valid_until).lower(),
        "Acquire::ForceHash": "sha256",
    }
    if release.accept_expired_keys:
        settings["APT::Key::gpgvcommand"] = _GPGV
    if os.geteuid() != 0:
        settings["APT::Sandbox::User"] = ""
    written = [f'{name} "{value}";' for name, value in settings.items()]
    written += [f'APT::Architectures {{ "{architecture}"; }};', *_of_host(release)]
    return "\n".join(written) + "\n"


def _of_host(release: Release) -> list[str]:
    dump = run.run(["apt-config", "dump"], stage="packages", apart=True).out.splitlines()
    own = _HOST_MIRROR_OPTIONS if release.mirror == "host" else ()
    return [line for line in dump if line.lower().startswith((*_HOST_OPTIONS, *own))]
