"""What of an answer counts: the rules of README.md, as sentences that say what differs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from tests.contract.names import MARK, Names

MORE = "{more_items_like_these}"
API = {"Cache-Control": "no-cache, no-store, must-revalidate, max-age=0"}
JSON = {"Content-Type": "application/json; charset=UTF-8"}
EXACT = {"content-type", "location", "allow", "content-range", "etag", "cache-control"}
PRESENT = ("vary", "expires", "last-modified")


def values(names: Names, wanted: Any, found: Any, at: str = "") -> Iterator[str]:
    """How JSON differs: keys at each level, types, texts, numbers, the order of lists."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = {names.fill(key): value for key, value in wanted.items()}
        if keys.keys() != found.keys():
            lacks, extra = keys.keys() - found.keys(), found.keys() - keys.keys()
            yield f"{at or '/'}: lacks {sorted(lacks)}, has {sorted(extra)} too"
        for key in keys.keys() & found.keys():
            yield from values(names, keys[key], found[key], f"{at}/{key}")
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _items(names, wanted, found, at)
    elif isinstance(wanted, str):
        if not _scalar(names, wanted, found):
            yield f"{at}: {found!r} is not {wanted!r}"
    elif type(wanted) is not type(found) or wanted != found:
        yield f"{at}: {found!r} is not {wanted!r}"


def _scalar(names: Names, wanted: str, found: Any) -> bool:
    if wanted in ("{id:int}", "{number}"):
        return isinstance(found, int | float) and not isinstance(found, bool)
    if wanted == "{epoch}":  # snf-manage prints every value as a string
        found = str(found)
    return isinstance(found, str) and names.fits(wanted, found)


def _items(names: Names, wanted: list[Any], found: list[Any], at: str) -> Iterator[str]:
    more = wanted[-1][MORE] if wanted and isinstance(wanted[-1], dict) and MORE in wanted[-1] else 0
    first = wanted[:-1] if more else wanted
    if len(found) != len(first) + more:
        yield f"{at}: {len(found)} items, not {len(first) + more}"
    for number, (one, other) in enumerate(zip(first, found, strict=False)):
        yield from values(names, one, other, f"{at}[{number}]")
    shapes = [sorted(map(names.fill, one)) for one in first if isinstance(one, dict)]
    for item in found[len(first) :] if more else ():
        if isinstance(item, dict) and sorted(item) not in shapes:
            yield f"{at}: an item of other keys, {sorted(item)}"


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: set[str] = set()
        self._titled = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._titled = tag == "title"
        if tag == "form" and "action" in given:
            self.parts.add(f"form action={given['action']}")
        if tag == "input" and given.get("name"):
            self.parts.add(f"input name={given['name']}")

    def handle_data(self, data: str) -> None:
        if self._titled:
            self.parts.add(f"<title>{' '.join(data.split())}</title>")
            self._titled = False


def body(names: Names, wanted: Mapping[str, Any], text: bytes, refused: bool) -> Iterator[str]:
    """How a body differs from the one recorded."""
    if "json" in wanted:
        try:
            yield from values(names, wanted["json"], json.loads(text))
        except ValueError:
            yield f"no JSON: {text[:60]!r}"
    elif "html" in wanted:
        wanted_parts, parts = set(wanted["html"]), _Page(text.decode()).parts
        if wanted_parts != parts:
            lacks, extra = sorted(wanted_parts - parts), sorted(parts - wanted_parts)
            yield f"page lacks {lacks}, has {extra} too"
    elif "text" in wanted:
        if not names.fits(wanted["text"], text.decode(), latest=not refused):
            yield f"text {text[:80]!r} is not {wanted['text'][:80]!r}"
    elif "is" in wanted and len(text) != wanted["bytes"]:
        yield f"{len(text)} bytes, not {wanted['bytes']}"


def headers(names: Names, row: Mapping[str, Any], found: Mapping[str, str]) -> Iterator[str]:
    """How the headers that count differ; names are lower case in `found`."""
    given = {k: v for k, v in row.get("headers", {}).items() if k != "Set-Cookie"}
    given |= API if "kind" in row else {}
    given |= JSON if row.get("kind") == "json" else {}
    wanted = {names.fill(key).lower(): value for key, value in given.items()}
    present = PRESENT if "kind" in row else [key for key in PRESENT if key in wanted]
    yield from (f"no header {key}" for key in present if key not in found)
    counts = {key for key in (*wanted, *found) if key in EXACT or key.startswith("x-")}
    for key in sorted(counts):
        if key not in wanted or key not in found:
            # A page's caching is not part of the contract when the row has none.
            yield f"header {key}: {found.get(key)!r} is not {wanted.get(key)!r}"
        elif key == "allow":
            if set(re.findall(r"\w+", wanted[key])) != set(re.findall(r"\w+", found[key])):
                yield f"header allow: {found[key]} is not {wanted[key]}"
        elif not names.fits(wanted[key], found[key]):
            yield f"header {key}: {found[key]!r} is not {wanted[key]!r}"


def _cookie(names: Names, text: str) -> tuple[str, str, bool, bool]:
    name, *parts = (part.strip() for part in text.split(";"))
    words = {part.partition("=")[0].lower(): part.partition("=")[2] for part in parts}
    # RFC 6265: the dot in front of a domain means nothing, and newer libraries leave it out.
    domain = MARK.sub(lambda mark: names.known[mark[1]], words.get("domain", "")).lstrip(".")
    return name.partition("=")[0], domain, "secure" in words, "httponly" in words


def cookies(names: Names, wanted: str | list[str], found: list[str]) -> Iterator[str]:
    """How Set-Cookie differs: name, domain, secure, httponly."""
    texts = [wanted] if isinstance(wanted, str) else wanted
    one, other = ({_cookie(names, text) for text in given} for given in (texts, found))
    if one != other:
        yield f"cookies {sorted(other)} are not {sorted(one)}"


def _words(line: str) -> str:
    line = " ".join(line.split())
    return "---" if re.fullmatch(r"-{3,}", line) else line


def _document(lines: list[str], cut: bool) -> Any:
    """The JSON printed; when it was cut, what is complete of it."""
    text = "\n".join(lines)
    if cut:
        text = text[: text.rindex("\n    }")] + "\n    }" + {"[": "]", "{": "}"}[text[0]]
    return json.loads(text)


def printed(names: Names, wanted: list[str], cut: bool, text: str) -> Iterator[str]:
    """How a command's output differs: words of each line in order, or JSON."""
    if wanted and wanted[0].strip() in ("[", "{", "[]"):
        try:
            found, full = json.loads(text), _document(wanted, cut)
        except ValueError:
            yield f"no JSON: {text.strip()[:60]!r}"
            return
        if cut:
            keys = full if isinstance(full, dict) else range(len(full))
            found = {k: found[k] for k in keys if k in found} if isinstance(full, dict) else (
                found[: len(full)]
            )  # fmt: skip
        yield from values(names, full, found)
        return
    lines = [line for line in map(_words, text.splitlines()) if line]
    expected = [line for line in map(_words, wanted) if line]
    if len(lines) != len(expected) and not (cut and len(lines) > len(expected)):
        yield f"{len(lines)} lines, not {len(expected)}"
    for one, other in zip(expected, lines, strict=False):
        if not names.fits(one, other):
            yield f"{other!r} is not {one!r}"
