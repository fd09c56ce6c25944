"""Run the cases of a module under whichever Python runs this file; test_cases.py is the caller.

Python 2.7 has no pytest here, so a case is a function `case_NAME(world)` that asserts. Prints one
JSON object: the name of each case with the traceback of its failure, empty where it passed.
"""

from __future__ import print_function

import importlib
import json
import os
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
CODE = os.path.join(HERE, "..", "..", "..", "scripts", "firstboot")


def main(module_name):
    sys.dont_write_bytecode = True
    sys.path[:0] = [HERE, CODE]
    from engine import files
    from world import World

    module = importlib.import_module(module_name)
    results = {}
    for name in sorted(vars(module)):
        if name.startswith("case_"):
            world = World(tempfile.mkdtemp(prefix="firstboot-case-"))
            try:
                getattr(module, name)(world)
                results[name] = ""
            except Exception:
                results[name] = files.native(files.encoded(traceback.format_exc()))
            finally:
                world.close()
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
