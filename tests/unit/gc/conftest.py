"""A home of its own for every test, as for the tests of releases."""

from tests.unit.releases.conftest import home, signing_key

__all__ = ["home", "signing_key"]
