"""The state volume: what must outlive the system disk, bound over its places before any daemon.

/etc/golden/image.json lists the folders (`state:` of roles). Each lies on the volume under its own
path; one that is not there yet begins as a copy of the image's. The volume's mark says whose it is.
A node without a volume keeps everything on its system disk, as ever.
"""

import json
import os

from engine import accounts, command, files, seed, state_disk
from engine.failures import StepError

FOLDER = "/var/lib/golden-state"
MARK = "golden-state.json"
# On the system disk: it has used a volume, and must not go on without.
USED = "/var/lib/firstboot/state-volume"
# Of this boot alone: why the volume is not used.
REFUSED = "/run/golden-state.refused"
# What has to be converted for another version.
CONVERTED = {"postgresql": "databases of PostgreSQL"}
SECONDS = 600
WITHOUT = "; nothing on it was changed. Attach this node's own, and power the machine off and on"


def bind(root, image, state, journal):
    """Bind the state; exit code 1: it cannot be used, and first boot will say why."""

    def run(argv, check):
        return command.run(argv, journal, SECONDS, check=check)

    def instance():
        finished = state.finished()
        if finished:
            return finished["instance"]
        found = seed.find(lambda argv: run(argv, True), root)
        seed.refuse_other(found, image)
        return found.instance

    refused = os.path.join(root, REFUSED.lstrip("/"))
    files.remove(refused)
    volume = Volume(run, image, instance, root)
    try:
        volume.bind()
    except Exception as error:
        known = isinstance(error, StepError)
        message = str(error) if known else "{0}: {1}".format(type(error).__name__, error)
        files.write(refused, message + "\n")
        volume.shield()
        return 1
    return 0


class Volume(object):
    """The state volume of a node whose image has the record `image`.

    `run(argv, check)` runs a program; its code and text. `instance()` is the node's instance-id,
    asked where there is a volume.
    """

    def __init__(self, run, image, instance, root="/"):
        self._run = run
        self._image = image
        self._instance = instance
        self._root = root
        self._folder = self._path(FOLDER)
        # In a container it is mounted already.
        self._is_disk = False

    def bind(self):
        """Bind all state from the volume; whether there is one. Raises StepError.

        Nothing on a volume of another node, or of newer versions, is changed.
        """
        if not self._attach():
            self._must_not_be_missing()
            return False
        instance = self._instance()
        mark = self._mark()
        if mark is not None:
            self._refuse(mark, instance)
        self._accept(mark, instance)
        self._bind()
        if not os.path.exists(self._path(USED)):
            files.write(self._path(USED), instance + "\n")
        return True

    def shield(self):
        """Give back a disk that is not used, and cover the places of the state: no daemon may work
        on what the image has there."""
        if self._is_disk:
            self._run(["umount", self._folder], False)
        for path in self._image.get("state", []):
            if os.path.isdir(self._path(path)) and not _is_mount(self._path(path)):
                tmpfs = ["-t", "tmpfs", "-o", "ro,mode=000,size=4k", state_disk.NAME]
                self._run(["mount"] + tmpfs + [self._path(path)], False)

    def _path(self, name):
        return os.path.join(self._root, name.lstrip("/"))

    def _attach(self):
        """Mount the volume's disk, to read it; False when there is neither disk nor mount."""
        if _is_mount(self._folder):
            return True
        device = state_disk.find(self._root)
        if device is None:
            return False
        state_disk.format_blank(self._run, device, WITHOUT)
        files.make_folder(self._folder, 0o700)
        self._run(["mount", "-t", "ext4", "-o", "ro", device, self._folder], True)
        self._is_disk = True
        return True

    def _must_not_be_missing(self):
        if os.path.exists(self._path(USED)):
            raise StepError(
                "the state volume of this node is missing: attach the disk with the serial number "
                "{0}, and power the machine off and on".format(state_disk.NAME)
            )

    def _mark(self):
        """What the volume says of itself; None for an empty one."""
        text = files.read(os.path.join(self._folder, MARK), None)
        if text is None:
            # A mark that was cut while it was written has this name.
            left = sorted(set(os.listdir(self._folder)) - {"lost+found", ".firstboot-" + MARK})
            if left:
                raise StepError(
                    "the state volume has no {0}, but {1}: it is half-written, or no node of this "
                    "project wrote it{2}".format(MARK, ", ".join(left)[:100], WITHOUT)
                )
            return None
        try:
            mark = files.from_json(text)
            if all(isinstance(mark[key], kind) for key, kind in _SHAPE.items()):
                return mark
        except (ValueError, KeyError, TypeError):
            pass
        raise StepError(
            "the state volume is half-written: {0} is no record{1}".format(MARK, WITHOUT)
        )

    def _accept(self, mark, instance):
        """Take over a volume that is empty, or whose state this image can serve."""
        if self._is_disk:
            self._run(["mount", "-o", "remount,rw", self._folder], True)
        # Its folders are open at their own places, to whom they are there.
        os.chmod(self._folder, 0o700)
        now = {
            "instance": instance,
            "versions": self._image["versions"],
            "accounts": accounts.numbers(self._root),
        }
        if mark != now:
            # Before a daemon touches it: what an older image would find is of this one from now on.
            text = json.dumps(now, sort_keys=True, indent=1, separators=(",", ": ")) + "\n"
            files.write(os.path.join(self._folder, MARK), text, mode=0o600)

    def _refuse(self, mark, instance):
        if mark["instance"] != instance:
            raise StepError(
                "the state volume is of {0}, and this is {1}{2}".format(
                    mark["instance"], instance, WITHOUT
                )
            )
        for name, had in sorted(mark["versions"].items()):
            has = self._image["versions"].get(name, had)
            if version(has) < version(had):
                raise StepError(
                    "the state volume is of {0} {1}, newer than {2} of this image: boot an image "
                    "of that release, or restore older state; nothing on it was changed".format(
                        name, had, has
                    )
                )
            if name in CONVERTED and has != had:
                raise StepError(
                    "the state volume has {0} {1}, and this image has {2}: no step of first boot "
                    "converts them; nothing on it was changed".format(CONVERTED[name], had, has)
                )
        moved = accounts.moved(mark["accounts"], self._root)
        owned = accounts.owners(self._folder, moved) if moved else ""
        if owned:
            raise StepError(
                "the state volume has files of {0}, and this image has no such account, or another "
                "number for it: bake it with the packages of before; nothing on the volume was "
                "changed".format(owned)
            )

    def _bind(self):
        # What is mounted already the nodes share, in containers; or it is bound.
        wanted = [path for path in self._image["state"] if not _is_mount(self._path(path))]
        for path in wanted:
            # Not every image has one: what is below it may be made only later.
            files.make_folder(self._path(path))
        self._begin([path for path in wanted if not os.path.isdir(self._kept(path))])
        for path in wanted:
            self._add_folders(self._path(path), self._kept(path))
            self._run(["mount", "--bind", self._kept(path), self._path(path)], True)

    def _kept(self, path):
        return os.path.join(self._folder, path.lstrip("/"))

    def _begin(self, paths):
        """Copies of what the image has, each whole or not at all."""
        for path in paths:
            new = self._kept(path) + ".new"
            files.make_folder(os.path.dirname(new))
            self._run(["rm", "-rf", new], True)
            self._run(["cp", "-a", self._path(path), new], True)
        if paths:
            self._run(["sync"], True)
        for path in paths:
            os.rename(self._kept(path) + ".new", self._kept(path))

    def _add_folders(self, place, kept):
        """Folders that a newer image has below; docs/state.md."""
        for folder, names, _ in os.walk(place):
            for name in names:
                source = os.path.join(folder, name)
                target = os.path.join(kept, os.path.relpath(source, place))
                if not os.path.lexists(target) and not os.path.islink(source):
                    self._run(["cp", "-a", source, target], True)


_SHAPE = {"instance": str, "versions": dict, "accounts": dict}


def version(text):
    """A version such as 0.16.2 in an order: numbers by their size; 0.16.2~rc1 comes before it."""
    parts = text.replace("~", ".").split(".")
    ranked = [(2, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
    return ranked + [(1, 0, "")]


def _is_mount(path):
    # Not os.path.ismount: a volume may be a folder of the file system that / is a folder of.
    mounts = (line.split(" ") for line in files.read("/proc/self/mounts").splitlines())
    return os.path.realpath(path) in [words[1] for words in mounts if len(words) > 1]
