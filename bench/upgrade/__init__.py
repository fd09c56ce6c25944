"""A cloud that is in use, upgraded: its data afterwards, a migration that fails, cuts of power."""
