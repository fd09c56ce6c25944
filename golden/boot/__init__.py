"""Boot baked nodes, follow them until they are ready, and shut them down.

Read in this order: `target` (the interface of a target, and the list of them), `running` (the
menu's verbs), `qemu` (the simplest target), `disks`, `accelerator`, `watching`, `status`, `login`,
`terminal`, `times`. golden/rundir.py keeps the state of running nodes. This file imports nothing,
so that the processes that serve consoles (`relay`) stay small.
"""
