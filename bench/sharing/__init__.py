"""Many machines that take the same image at once: by HTTP, and sharing its pieces by BitTorrent.

Server and installer are the real ones, up to the moment at which the installer would write; the
machines are network namespaces whose links are slow, so that a small image takes as long as a whole
one on a fast network. `scripts/host/record-sharing` runs it and writes docs/many-machines.md.
"""
