"""The cloud's first user at work, from the node where kamaki has its token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from golden.check.connection import Connection
from golden.definition import Node
from tests.checks.subjects import SITE


@dataclass(frozen=True)
class Tenant:
    """Asks through scripts/check/tenant.py on `node`, which never lets the token out."""

    connection: Connection
    node: Node

    def ask(self, action: str, **request: Any) -> Any:
        """The answer to `action`; the check that asks fails when the cloud says no."""
        found = self.connection.ask(
            self.node.name, SITE.release.python, ("tenant",), {"action": action, **request}
        )["tenant"]
        if "error" in found:
            pytest.fail(f"{action}: {found['error']}", pytrace=False)
        return found["answer"]
