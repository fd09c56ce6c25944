"""Facts about this host: what it has, what it lacks, and the command that mends it."""

from golden.host.finding import Finding
from golden.host.host import Host

__all__ = ["Finding", "Host"]
