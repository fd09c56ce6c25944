"""Host side of the golden-image pipeline; docs/architecture.md says in which order to read it."""
