"""Which pins change what apt takes."""

from __future__ import annotations

import pytest

from golden.packages.pins import effective

POLICY = """\
web:
  Installed: (none)
  Candidate: 2:1.1-1~deb12u1
  Version table:
     2:1.1-1~deb12u1 500
        500 http://m.example/debian bookworm-security/main amd64 Packages
     2:1.0-1 500
        500 http://m.example/debian bookworm/main amd64 Packages
lib:
  Installed: 1
  Candidate: 2
  Version table:
     2 500
        500 http://m.example/debian bookworm/main amd64 Packages
 *** 1 -1
        100 /var/lib/dpkg/status
"""


@pytest.mark.parametrize(
    ("pins", "changing"),
    [
        # What would be taken anyhow, and what no source has.
        ({"web": "2:1.1-1~deb12u1", "lib": "2"}, {}),
        ({"web": "3", "other": "1"}, {}),
        ({"web": "2:1.0-1", "lib": "1"}, {"web": "2:1.0-1", "lib": "1"}),
        # Several versions: apt alone knows which.
        ({"web": "2:1.*", "lib": "/^1/"}, {"web": "2:1.*", "lib": "/^1/"}),
    ],
)
def test_only_what_changes_the_choice_counts(
    pins: dict[str, str], changing: dict[str, str]
) -> None:
    assert effective(pins, POLICY) == changing
