"""The changes that are recorded on a booted site (bench/mutation): whole, and about real checks."""

from __future__ import annotations

import re

from bench.mutation import changes, settings
from bench.mutation.__main__ import NOTICED, Row, cell, key, table, verdict
from bench.mutation.change import Change
from bench.mutation.checking import Verdicts
from golden.definition import load
from golden.paths import TESTS
from golden.render import render

# Of which each rendered file has a wrong setting.
PLACES = re.compile(
    r"/etc/(synnefo|apache2|gunicorn\.d|default|archipelago|exports|idmapd|dnsmasq|external-dns|lvm"
    r"|modprobe\.d|modules|memcached|postgresql)"
)
SYSTEM = {"/etc/default/locale", "/etc/default/rcS"}
ONE = Change("cron stopped", "node1", "true", "true", ("services.daemon_runs",), "cron")


def test_there_are_enough_and_none_twice() -> None:
    names = [key(one) for one in changes.ALL]
    assert len(names) == len(set(names)) >= 150
    assert 5 <= len([one for one in changes.ALL if one.short]) <= 15


def test_every_named_check_exists() -> None:
    checks = {
        f"{file.stem.removeprefix('test_')}.{name}"
        for file in (TESTS / "checks").glob("test_*.py")
        for name in re.findall(r"^def test_(\w+)", file.read_text(), re.MULTILINE)
    }
    assert {red for one in changes.ALL for red in one.red} - checks == set()


def test_each_rendered_setting_is_made_wrong_once() -> None:
    rendered = {path for kind in render(load("rehearsal")).kinds.values() for path in kind.files}
    wanted = {path for path in rendered if PLACES.match(path)} - SYSTEM
    assert wanted - {one.what.partition(":")[0] for one in settings.ALL} == set()


def test_a_verdict_wants_every_named_check_red_and_for_that_reason() -> None:
    name = ONE.red[0]
    assert verdict(ONE, Verdicts(failed={name: "cron is down"})) == Row(NOTICED)
    assert verdict(ONE, Verdicts(failed={name: "rsyslog is down"})).state == "NOT NOTICED"
    assert verdict(ONE, Verdicts(passed={name})).state == "NOT NOTICED"
    assert verdict(ONE, Verdicts(skipped={name: "no cron"})) == Row("not on this target", "no cron")


def test_the_table_counts_what_was_not_noticed() -> None:
    rows = {key(one): Row(NOTICED) for one in changes.ALL}
    rows[key(changes.ALL[0])] = Row("NOT NOTICED", "by a|b")
    text = table(rows)
    assert f"{len(rows)} changes: {len(rows) - 1} noticed, 1 not noticed" in text
    assert f"{len(rows)} not tried" in table({})
    assert cell("a|b\nc") == r"a\|b c"
