"""Plays the recorded rows in order on a site of stand-ins, and says how each was answered."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.contract import compare
from tests.contract.booted import Booted
from tests.contract.names import MARK, Names
from tests.contract.site import Done, Site

ROWS = Path(__file__).with_name("rows")
EXACT, TOO_KIND, WRONG, UNDRIVEN = "exact", "too kind", "wrong", "not driven"
UNPLAYED = "not played"  # and the stand-in says so
SAYS_SO = re.compile(
    "^(Unknown command: |usage: pithos-migrate)|error: no such option: |unrecognized arguments: ",
    re.M,
)
LARGEST = 4194304
# Contents that were not kept; only their lengths count. Recorded hash -> our content.
CONTENTS = {
    "773857240a976169700fa8a511ff403688d8540b0594fa8d4d93962d7b0fcfcc": b"1" * LARGEST,
    "d70e81109fa289bb5af7cfcf9305582fb5f09d9f5b14fccf75c0dc420acff635": b"2" * LARGEST,
    "fc89f0028e9df8486c7d8b23f05e58e4c86e15768e53ae819d5897dae1001762": b"3" * 1048593,
    "de10d3aa7f0243cd666e9cdf1f894ea21fd1c3e4962ca8d5b3eeae1d46248533": b"4" * 721,
    "1584de0b77ca4e7cc0344a5769b94257d56f71e1993b792b2326654822310adb": b"5" * 721,
}
BIG = "d28ea013effcaca781d8e9917d3e7df551ef777d74f219f30d7d34d905b540d1"
BLOCKS = {f"object-store-0{row}": at for at, row in enumerate((18, 19, 20, 72, 76))}
# {id:str} in a request is chosen: what it stands for, by the name it has there.
CHOSEN = {"network_id": "network_id", "device_id": "server_id", "server_id": "server_id",
          "floating_network_id": "public_network_id"}  # fmt: skip
OTHERS = {"network-013": {"floating_network_id": "999"},
          "network-023": {"network_id": "1"}}  # fmt: skip


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hashes() -> dict[str, str]:
    """Recorded hash -> the one of our content; big.bin's is that of a tree of its blocks'."""
    own = {known: hashlib.sha256(data).hexdigest() for known, data in CONTENTS.items()}
    leaves = [bytes.fromhex(one) for one in list(own.values())[:3]] + [bytes(32)]
    top = sha256(sha256(leaves[0] + leaves[1]) + sha256(leaves[2] + leaves[3]))
    return own | {BIG: top.hex()}


def rows(name: str) -> dict[str, dict[str, Any]]:
    """The rows of a file by their id, with our hashes for those of contents not kept."""
    text = (ROWS / f"{name}.jsonl").read_text()
    for known, own in hashes().items():
        text = text.replace(known, own)
    return {row["id"]: row for row in map(json.loads, text.splitlines())}


@dataclass
class Play:
    """Outcomes are (category, what differs) by row."""

    site: Site | Booted
    names: Names
    outcomes: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    http: dict[str, dict[str, Any]] = field(default_factory=lambda: rows("http"))
    commands: dict[str, dict[str, Any]] = field(default_factory=lambda: rows("commands"))
    jar: dict[str, str] = field(default_factory=dict)
    # Areas of requests, the begin of their ids, that are not sent.
    without: tuple[str, ...] = ()

    def judge(
        self, row: str, refuses: bool, refused: bool, says_so: bool, found: list[str]
    ) -> None:
        """`refuses`: the stand-in did; `refused`: the real one did."""
        kind = WRONG if found else EXACT
        if refused and not refuses:
            kind = TOO_KIND
        elif found and says_so:
            kind = UNPLAYED
        self.outcomes[row] = (kind, found)

    def run(self, first: str, last: str = "") -> None:
        """Run the commands from the first row to the last, but kamaki's."""
        for row in between(self.commands, first, last or first):
            if row["argv"][0] != "kamaki":
                self._run(row)
                self.site.settle()

    def _run(self, row: dict[str, Any]) -> None:
        argv = [self.names.fill(word) for word in row["argv"]]
        stdin = row.get("in", "")
        if not isinstance(stdin, str):
            stdin = json.dumps(self._exported(["pithos"] if row["id"] == "c097" else []))
        done = self.site.command(
            argv, row.get("node", "node1"), stdin or "".join(row.get("in", ""))
        )
        found = list(self._printed(row, done)) if "note" not in row or row["exit"] == 0 else []
        if done.exit != row["exit"]:
            found.insert(0, f"exit {done.exit}, not {row['exit']}: {(done.err or done.out)[-200:]}")
        says_so = done.exit != 0 and bool(SAYS_SO.search(done.err))
        self.judge(row["id"], done.exit != 0, row["exit"] != 0, says_so, found)

    def _exported(self, names: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in names or ("astakos", "cyclades", "pithos"):
            url = f"https://{self.names.known['node2' if name == 'pithos' else 'node1']}/{name}"
            found |= json.loads(self.site.command(["snf-service-export", name, url], "node1").out)
        return found

    def _printed(self, row: dict[str, Any], done: Done) -> Iterator[str]:
        err = row.get("err", [])
        out = row.get("out", [])
        if any(line.startswith(("Usage", "Traceback", "FATAL")) for line in err + out[:1]):
            return  # only that it ends so counts
        short = len(out) < 3 and row["argv"][-1] in ("--help", "snf-manage", "help")
        cut = "lines" in row or short or row["id"] in ("c001", "c002")
        yield from compare.printed(self.names, out, cut, done.out)
        errors = [line for line in err if line.startswith("Error:")]
        yield from compare.printed(self.names, errors or err, bool(errors), done.err)

    def send(self, first: str, last: str = "", *, judged: bool = True) -> None:
        """Send the requests from the first row to the last."""
        for row in between(self.http, first, last or first):
            if not row["id"].startswith(self.without):
                self._send(row, judged)
                self.site.settle()

    def again(self, *ids: str) -> None:
        """Send requests that were seen again: rows stand only where they came first."""
        for id in ids:
            self.send(id, judged=False)

    def _send(self, row: dict[str, Any], judged: bool) -> None:
        method, url, given, *body = row["request"]
        if url.startswith("http://") or "/static/" in url or row["id"] == "object-store-001":
            self.outcomes[row["id"]] = (UNDRIVEN, ["Apache's own answer"])
            return
        url = url.replace("{floatingip_id}", "3") if row["id"] == "network-029" else url
        headers = {key: self._value(key, value) for key, value in given.items()}
        text = self._body(row, body[0]) if body else None
        answer = self.site.ask(method, self.names.fill(url), headers, text)
        self._keep_cookies(answer)
        self._learn(answer)
        found = list(self._differs(row, answer))
        if judged:
            refuses, refused = answer.status_code >= 400, row["status"] >= 400
            self.judge(row["id"], refuses, refused, answer.status_code == 501, found)

    def _value(self, key: str, value: Any) -> str:
        if key != "Cookie":
            return self.names.fill(value)
        return "; ".join(f"{name}={self.jar.get(name, 'x')}" for name in value)

    def _body(self, row: dict[str, Any], body: dict[str, Any]) -> bytes:
        if "json" in body:
            text = json.dumps(body["json"])
            for name, meant in CHOSEN.items():
                value = OTHERS.get(row["id"], {}).get(name) or self.names.known.get(meant, "")
                text = text.replace(f'"{name}": "{{id:str}}"', f'"{name}": "{value}"')
            if row["id"] not in BLOCKS:
                return self._fill(text).encode()
        if row["id"] in BLOCKS:
            return list(CONTENTS.values())[BLOCKS[row["id"]]]
        if "text" in body:
            return self._fill(body["text"]).encode()
        letter = re.search("'(.)'", body.get("is", "''")) or "."
        return str(letter[1] if letter != "." else "\0").encode() * int(body["bytes"])

    def _fill(self, text: str) -> str:
        known = self.names.known | {"csrf": self.jar.get("csrftoken", "")}
        return MARK.sub(lambda mark: known.get(mark[1], mark[0]), text)

    def _keep_cookies(self, answer: requests.Response) -> None:
        for cookie in answer.cookies:
            self.jar[cookie.name] = cookie.value or ""

    def _learn(self, answer: requests.Response) -> None:
        """The ids of things made that rows show as {id:str}."""
        self.names.known["public_id"] = answer.headers.get(
            "X-Object-Public", self.names.known.get("public_id", "")
        ).rpartition("/")[2]  # fmt: skip
        location = re.search("(?:code|access_token)=([^&]+)$", answer.headers.get("Location", ""))
        if location:
            self.names.known["token"] = location[1]
        body = answer.json() if answer.content[:1] == b"{" else {}
        if "floatingip" in body:
            self.names.known["floatingip_id"] = body["floatingip"]["id"]
        if volumes := body.get("server", {}).get("volumes"):
            self.names.known["volume_id"] = str(volumes[-1])

    def _differs(self, row: dict[str, Any], answer: requests.Response) -> Iterator[str]:
        if answer.status_code != row["status"]:
            yield f"{answer.status_code}, not {row['status']}: {answer.text[:160]}"
            return
        found = {key.lower(): value for key, value in answer.headers.items()}
        yield from compare.headers(self.names, row, found)
        cookies = answer.raw.headers.getlist("Set-Cookie")
        yield from compare.cookies(
            self.names, row.get("headers", {}).get("Set-Cookie", []), cookies
        )
        body = row.get("body", {} if row["request"][0] == "HEAD" else {"text": ""})
        yield from compare.body(self.names, body, answer.content, row["status"] >= 400)


def between(known: dict[str, dict[str, Any]], first: str, last: str) -> Iterator[dict[str, Any]]:
    """The rows from one id to another, both included."""
    ids = list(known)
    for id in ids[ids.index(first) : ids.index(last) + 1]:
        yield known[id]
