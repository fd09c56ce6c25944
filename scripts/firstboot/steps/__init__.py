"""The steps of first boot, one file each; images/kinds/<kind>.yaml has their order.

A step has `GUIDE` (ids of the guide's actions that it performs), `SERVICES` (logical services that
it starts), `done(ctx)` which looks at the system, and `run(ctx)` which may be cut and repeated.
With `OPTIONAL = True` no other step needs it: where it fails, the rest goes on.
With `RETRY_SECONDS` one that fails is tried again for so long, since a peer may be rebooting.
"""
