#!/usr/bin/python3
"""Process 1 of the image golden-builder: runs a command in the checkout at /golden.

The command is root: a bake mounts file systems, and gives an image's files all their owners. So the
layers lie on a volume of the engine's, which appears as .cache, not in the checkout, which may come
from a system that keeps no owners. What the command wrote there belongs to the checkout's owner.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path("/golden")
CACHE = CHECKOUT / ".cache"
VOLUME = Path("/var/cache/golden")
VENV = Path("/opt/golden")
LOCK = "requirements.lock"
# Of .cache: the operator reads the logs, and a bump that was cut short is this checkout's own.
STAYING = ("bump", "log")
WHOLE = ["0", "0", "4294967295"]  # user_namespaces(7): all ids are those of the host


def unfit(ids: Path = Path("/proc/self/uid_map")) -> str:
    """Why no command can run here, and what to do; empty if one can."""
    for place, what in ((CHECKOUT, "the checkout"), (VOLUME, "a volume")):
        if not place.is_mount():
            return f"{what} must be mounted at {place}: start it by compose/builder.yaml"
    if not (CHECKOUT / LOCK).is_file():
        return f"what is mounted at {CHECKOUT} is no checkout: it has no {LOCK}"
    if ids.read_text().split() != WHOLE:
        return "a bake needs an engine that runs as root, without userns-remap or the like"
    return ""


def cover() -> None:
    """Let .cache be the volume, but for what stays in the checkout. Raises CalledProcessError."""
    for name in STAYING:
        (CACHE / name).mkdir(parents=True, exist_ok=True)
        (VOLUME / name).mkdir(exist_ok=True)
    give_back()
    for name in STAYING:
        subprocess.run(["mount", "--bind", CACHE / name, VOLUME / name], check=True)
    subprocess.run(["mount", "--rbind", VOLUME, CACHE], check=True)


def give_back() -> None:
    """Give root's files in the checkout, also those of a run that was killed, to the checkout's
    owner; .cache stays as it is."""
    owner = CHECKOUT.stat()
    if owner.st_uid == 0:
        return
    for folder, names, files in os.walk(CHECKOUT):
        here = Path(folder)
        if here == CACHE:
            names[:], files = [name for name in STAYING if name in names], []
        for place in (here / name for name in (*names, *files)):
            # Another command may remove it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if place.lstat().st_uid == 0 and not place.is_mount():
                    os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)


def run(words: list[str]) -> int:
    """Run `words` to their end; returns the exit code, as a shell tells it."""
    # The checkout's own ./inv would make a virtual environment there.
    words = [str(VENV / "bin/inv") if words[0] == "./inv" else words[0], *words[1:]]
    try:
        child = subprocess.Popen(words)
    except OSError as error:
        sys.stderr.write(f"golden-builder: {words[0]}: {error.strerror}\n")
        return 127

    def hand_on(number: int, _: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, hand_on)
    if sys.stdin.isatty():
        # Which sends its interrupts to all that run on it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        # Process 1 inherits the orphans.
        pid, status = os.wait()
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main(words: list[str]) -> int:
    """Enter the checkout and run `words` there; returns the exit code."""
    why = unfit()
    try:
        if not why:
            cover()
    except subprocess.CalledProcessError:
        why = "it may not mount: start it by compose/builder.yaml"
    if why:
        sys.stderr.write(f"golden-builder: {why}\n")
        return 2
    if (CHECKOUT / LOCK).read_bytes() != (VENV / LOCK).read_bytes():
        sys.stderr.write(f"golden-builder: made for another {LOCK}; renew it by: inv builder\n")
    try:
        return run(words)
    finally:
        give_back()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
