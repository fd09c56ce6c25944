"""Loaded by the clients' Python 2.7: names lead to this host, as /etc/hosts and port 443 would.

The clients stay as they are. Their setup.py wants Distribute, which setuptools has long been.
"""

import json
import os
import socket

import pkg_resources

pkg_resources._distribute = True
PORTS = json.loads(os.environ.get("PORTS", "{}"))
_create_connection = socket.create_connection


def create_connection(address, *more, **named):
    """Connect to where the name is served on this host."""
    if address[0] in PORTS:
        address = "127.0.0.1", PORTS[address[0]]
    return _create_connection(address, *more, **named)


socket.create_connection = create_connection
