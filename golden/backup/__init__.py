"""Saved states of a site: all that its nodes must keep, at one moment, packed, signed, restorable.

Read in this order: `model` (what a saved state is, where it lies), `packing`, `save`, `restore`,
`listing`.
"""
