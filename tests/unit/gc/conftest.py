"""A home of its own for every test, as for the tests of releases."""

from tests.unit.releases.conftest import home

__all__ = ["home"]
