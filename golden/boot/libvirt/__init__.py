"""The target libvirt: each node a machine of a libvirt daemon, here or behind ssh.

Read in this order: `target` (a node's life), `uri` (which daemon), `virsh` (how it is asked),
`golden.render.machines` (what it is told), `own` (what there is ours), `volumes`, `console`.
"""

from golden.boot.libvirt.target import Libvirt

__all__ = ["Libvirt"]
