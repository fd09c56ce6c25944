"""What lies on a block device."""

import re

# Names of blkid's values; PART_ENTRY_TYPE is none of these.
CONTENT = re.compile(r"(?<!\w)(?:TYPE|PTTYPE)=")


def knows_nothing(code, text):
    """Whether `blkid -p` found neither content nor a partition table, by its exit code and output.

    blkid(8): 2 is nothing at all, 8 ambivalent. An empty partition is 0: its own entry in the table
    of the disk (PART_ENTRY_...) is told, and neither TYPE nor PTTYPE.
    """
    if code == 2:
        # 2 is also what it ends with where the device cannot be read, and says so.
        return not text.strip()
    return code == 0 and not CONTENT.search(text)
