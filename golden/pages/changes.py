"""How the images in place differ from those of the release before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from golden import paths
from golden.diff import document, sides
from golden.errors import UserError
from golden.releases import every, stages
from golden.releases.model import ImageRelease


@dataclass(frozen=True)
class Changes:
    """`documents` are those of `inv diff`, by kind, from the release `before` to `after`; `lost`
    has a sentence for each kind whose layers left the cache. No `before`: nothing to compare."""

    before: str = ""
    after: str = ""
    documents: dict[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def of(site: str) -> Changes:
    """The changes from the newest release that is older than the one in place."""
    after = stages.in_place(site)
    kept = every(site)
    older = kept[kept.index(after) + 1 :] if after else ()
    if after is None or not older:
        return Changes()
    documents, lost = {}, []
    for kind in after.images.keys() & older[0].images.keys():
        try:
            documents[kind] = document.make(_side(older[0], kind), _side(after, kind))
        except UserError as error:
            lost.append(str(error))
    return Changes(older[0].id, after.id, dict(sorted(documents.items())), tuple(sorted(lost)))


def _side(release: ImageRelease, kind: str) -> sides.Side:
    return sides.baked(f"{release.id}/{kind}", release.images[kind].manifest(), paths.CACHE)
