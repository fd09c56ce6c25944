"""`python -m tasks`: what ./inv runs."""

from __future__ import annotations

from golden.menu import Menu
from tasks import menu

Menu(namespace=menu(), binary="./inv").run()
