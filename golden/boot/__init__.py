"""Booting baked nodes, following them until they are ready, and ending them.

Read in this order: `target` (what a target must do, and which there are), `running` (the menu's
verbs), `qemu` (the target that needs nothing else), `disks`, `accelerator`, `watching`, `status`,
`login`, `terminal`, `times`. What is remembered of a node is golden/rundir.py's. This file imports
nothing: a console's server is a small process of the standard library (`relay`).
"""
