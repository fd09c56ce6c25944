"""`python -m tasks`: what ./inv runs."""

from __future__ import annotations

import os

from golden import run
from golden.menu import Menu
from tasks import menu

# What goes into an image must not depend on the operator's umask; a secret gets its mode by name.
os.umask(0o022)
run.end_with_children()
Menu(namespace=menu(), binary="./inv").run()
