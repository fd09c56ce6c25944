"""Time that does not jump when the step `time` sets the clock.

time.monotonic came with Python 3.3 (docs/wheezy.md W8.6).
"""


def uptime():
    """Seconds since the kernel started."""
    with open("/proc/uptime") as file:
        return float(file.read().split()[0])
