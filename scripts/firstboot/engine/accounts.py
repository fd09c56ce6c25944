"""The numbers of users and groups: files on a state volume belong to numbers, not to names."""

import os

from engine import files

# Of packages; what is above is for people, whom an image has none of.
FIRST_PERSON = 1000
PLACES = {"user": "etc/passwd", "group": "etc/group"}


def numbers(root):
    """{"user NAME" or "group NAME": number} of this image's system accounts."""
    found = {}
    for kind, name, number in _lines(root):
        if number < FIRST_PERSON:
            found["{0} {1}".format(kind, name)] = number
    return found


def moved(had, root):
    """{"user" or "group": {number: name}} of those that `had` another number, or are gone."""
    now, found = numbers(root), {}
    for account, number in had.items():
        kind, _, name = account.partition(" ")
        if now.get(account) != number:
            found.setdefault(kind, {})[number] = name
    return found


def owners(folder, accounts):
    """The first names, sorted, of `accounts`, as `moved` gives them, that own anything there."""
    found = set()
    for place, folders, names in os.walk(folder):
        for name in folders + names:
            status = os.lstat(os.path.join(place, name))
            for kind, number in (("user", status.st_uid), ("group", status.st_gid)):
                if number in accounts.get(kind, {}):
                    found.add(accounts[kind][number])
    return ", ".join(sorted(found))


def _lines(root):
    for kind, place in sorted(PLACES.items()):
        for line in files.read(os.path.join(root, place)).splitlines():
            name, _, number = line.split(":")[:3]
            if number.isdigit():
                yield kind, name, int(number)
