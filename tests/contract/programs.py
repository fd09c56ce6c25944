"""Runs the stand-ins' programs, as many as a contract has, without starting Python anew for each.

    programs.py ROOT        (with Debian's Python, and a node's environment)

A line of JSON in: {"argv": [...], "stdin": "..."}; a line out: {"exit": 0, "out": "", "err": ""}.
Each runs in a fork of this process, which has imported what they all need.
"""

import json
import os
import runpy
import sys
import tempfile
from pathlib import Path

import cryptography.fernet  # noqa: F401
import pika  # noqa: F401
import psycopg2.extras  # noqa: F401
import pymemcache  # noqa: F401
import requests  # noqa: F401
import werkzeug  # noqa: F401


def run(root: Path, argv: list[str], stdin: int, out: int, err: int) -> None:
    """Become the program; never returns."""
    for number, file in enumerate((stdin, out, err)):
        os.dup2(file, number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in enumerate("rww"))
    sys.argv = [f"/usr/bin/{argv[0]}", *argv[1:]]
    code = 0
    try:
        runpy.run_path(str(root / "usr/bin" / argv[0]), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:  # fmt: skip
            stdin.write(asked.get("stdin", "").encode())
            stdin.seek(0)
            child = os.fork()
            if not child:
                files = (stdin.fileno(), out.fileno(), err.fileno())
                run(Path(sys.argv[1]), asked["argv"], *files)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        print(json.dumps({"exit": code, "out": texts[0], "err": texts[1]}), flush=True)


main()
