"""The first boot of many nodes at once, and where the master's time goes.

The nodes are containers of a site that exists for the measurement alone, in a copy of the checkout.
`scripts/host/record-many-nodes` boots one site for each number of nodes and writes
docs/many-nodes.md. Read in this order: `__main__`, `site`, `once` (one boot), `meter` and
`readings` (what is read of it), `document`.
"""
