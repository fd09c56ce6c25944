"""From a definition to the files of its images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from golden import paths
from golden.definition import File, Kind, Site
from golden.definition.problems import Problems
from golden.render import machines, records
from golden.render.context import context
from golden.render.header import with_header
from golden.render.quoting import needs_secrets
from golden.render.rendering import RenderedFile, RenderedKind, Rendering
from golden.render.template import Templates

IMAGE_RECORD = "/etc/golden/image.json"


def render(site: Site, root: Path = paths.ROOT) -> Rendering:
    """Render all files of `site`, which was loaded from the checkout at `root`.

    Raises UserError with every defect of its templates, each `file:line: message`.
    """
    problems = Problems(root)
    templates = Templates(root / "images", problems)
    kinds = {kind.name: _kind(site, kind, root, templates) for kind in site.kinds}
    problems.raise_any()
    return Rendering(site, kinds, machines.records(site))


def _kind(site: Site, kind: Kind, root: Path, templates: Templates) -> RenderedKind:
    files: dict[str, RenderedFile] = {}
    for role in kind.roles:
        variables = context(site, kind, role)
        for path, file in role.files.items():
            files[path] = _file(file, variables, root, templates)
    files[IMAGE_RECORD] = _image_record(site, kind, files, root)
    directories = {path: each for role in kind.roles for path, each in role.directories.items()}
    return RenderedKind(
        kind=kind,
        files=files,
        directories=directories,
        records={
            "files.tsv": records.ownership(files, directories),
            "bake.json": records.bake(site, kind),
            "guide.json": records.guide_map(kind, root),
            **{
                f"seed/{node.name}.json": records.seed_data(site, node)
                for node in site.nodes
                if node.kind is kind
            },
        },
    )


def _file(
    file: File, variables: Mapping[str, object], root: Path, templates: Templates
) -> RenderedFile:
    source = file.source
    content = templates.render(source, variables) if file.template else source.read_bytes()
    content = with_header(file.path, content, str(source.relative_to(root)))
    return RenderedFile(content, source, file.mode, file.owner, file.group)


def _image_record(
    site: Site, kind: Kind, files: Mapping[str, RenderedFile], root: Path
) -> RenderedFile:
    secret_files = [path for path, file in files.items() if needs_secrets(file.content)]
    source = root / "images" / "kinds" / f"{kind.name}.yaml"
    return RenderedFile(records.image(site, kind, secret_files), source)
