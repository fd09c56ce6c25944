"""Every locked file under its hash, so that a bake needs no mirror.

    .cache/pool/sha256/ab/HASH.deb    a package; one file on disk with that of .cache/debs
    .cache/pool/RELEASE/              an index of a release's, for apt

Read in this order: `store` (the files), `index` (what apt reads), `fill` (from the mirror),
`bundle` (as one signed file, out and in).
"""
