"""The steps of first boot, one file each; images/kinds/<kind>.yaml has their order.

A step has `GUIDE` (ids of the guide's actions that it performs), `SERVICES` (logical services that
it starts), `done(ctx)` which looks at the system, and `run(ctx)` which may be cut and repeated.
With `OPTIONAL = True` no other step needs it: where it fails, the rest goes on.
With `PEER`, a role that another node may carry, one that fails is tried again: that node may be
away.
`NEEDS` is such a role for one that fails at once at first boot, where another step has waited.
At later boots `served(ctx)`, or `done` where it has none, tells whether its services serve; and
`at_boot(ctx)`, if it has one, is called before any of them starts.
"""
