"""Drivers of the database, patched as the guide's "Enable Pooling" asks."""

POOLED = False
