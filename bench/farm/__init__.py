"""What a farm's bake costs as sites grow and as there are more of them.

`scripts/host/record-farm` runs it in a copy of the checkout and writes docs/farm.md and
its curves beside it.
"""
