"""The target container: each node a container of a Docker engine on this host.

Read in this order: `target` (a node's life), `images` (baked layers become image layers),
`options` (compose/compose.yaml says how a node runs), `network`, `absent` (what a container lacks),
`console`, `engine`.
"""

from golden.boot.container.target import Container

__all__ = ["Container"]
