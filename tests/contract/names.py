"""Placeholders of the recorded rows: what is given, what is learned, what only has a form."""

from __future__ import annotations

import re

MARK = re.compile(r"\{([a-z][a-z_0-9:]*)\}")
ONCE = {"user_uuid", "user_token", "image_uuid"}
# In addresses and messages: the thing made last before the row.
LATEST = {
    *("public_network_id", "network_id", "subnet_id", "port_id"),
    *("floatingip_id", "server_id", "volume_id"),
}
STAMP = r"(\w{3}, )?[\w.:+-]{2,}([ T][\w.:+-]+)*( GMT)?"
FORMS = {
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "public_id": r"[\w-]+",
    "number": r"[\d.]+",
    "int": r"\d+",
    "pid": r"\d+",
    "port": r"\d+",
    "id:str": r"\d+",
    "epoch": r"[\d.]+",
    "time": STAMP,
    "http_date": STAMP,
    "time_in_100_years": STAMP,
    "ago": r".+ ago|just now",
    "cut": ".*",
    "token": r"[\w-]+",
}
NUMBER, WORD = r"\d+", r"[^/\s;&%,]+"
RANDOM = r"[^\s;]*[^\s;/]"


class Names:
    """The values of one site."""

    def __init__(self, **given: str) -> None:
        self.known = given

    def fill(self, text: str) -> str:
        """A request's text with the site's values; 0 stands for what was never made."""
        return MARK.sub(lambda mark: self.known.get(mark[1], "0"), text)

    def _pattern(self, text: str, latest: bool) -> str:
        parts, end = [], 0
        for number, mark in enumerate(MARK.finditer(text)):
            parts.append(re.escape(text[end : mark.start()]))
            end = mark.end()
            name = mark[1]
            if name in self.known and name not in FORMS and not (latest and name in LATEST):
                parts.append(re.escape(self.known[name]))
            elif name in ONCE | LATEST:
                parts.append(f"(?P<{name}_{number}>{NUMBER if name in LATEST else WORD})")
            else:
                parts.append(f"(?:{FORMS.get(name, RANDOM)})")
        return "".join([*parts, re.escape(text[end:])])

    def fits(self, wanted: str, found: str, *, latest: bool = True) -> bool:
        """Whether `found` is what `wanted` stands for; learns. `latest`: a thing may be new."""
        match = re.fullmatch(self._pattern(wanted, latest), found, re.DOTALL)
        for group, value in (match.groupdict() if match else {}).items():
            self.known[group.rpartition("_")[0]] = value
        return bool(match)
