"""Cuts of power in the middle of first boot, many in one, and whether all is then as without."""
