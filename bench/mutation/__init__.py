"""What a careless admin or time does to a booted node, and which check notices.

Read in this order: `change` (one change, and words for frequent ones), `settings`, `files`,
`daemons` and `cloud` (the changes), `checking` (asking a few checks of a booted site), `__main__`
(the run and its table).
"""
