"""Configuration files of sections, whose keys are all known and all needed."""

import configparser
import sys


def read(path: str, keys: dict[str, str]) -> configparser.ConfigParser:
    """The file, which must hold these keys (words) in each section; exits 1 when it does not."""
    config = configparser.ConfigParser()
    config.read(path)
    for section, names in keys.items():
        found = set(config[section]) if section in config else set()
        if wrong := found ^ set(names.split()):
            sys.exit(f"{path}: [{section}] must hold {names}; not so: {sorted(wrong)}")
    return config
