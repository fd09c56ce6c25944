"""Rendered files in the languages of programs, read by those programs themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from golden import definition, run
from tests.unit.images.synnefo_files import CLOUDS, files, filled

# Every module that a rendered site may ask for, and what httpd cannot do without.
MODULES = (
    *("mpm_prefork", "authz_core", "alias", "env", "headers", "proxy", "proxy_http", "rewrite"),
    *("setenvif", "socache_shmcb", "ssl"),
)


def shell_scripts(site: str) -> dict[str, str]:
    """The rendered files that a shell reads, by path."""
    found = {}
    for kind in definition.load(site).kinds:
        for path, file in files(site, kind.name).items():
            sourced = path.startswith("/etc/default/") or path.endswith("/envvars")
            if sourced or file.content.startswith(b"#!/bin/sh"):
                found[path] = filled(file)
    return found


@pytest.mark.parametrize("site", CLOUDS)
def test_shells_read_them(site: str) -> None:
    scripts = shell_scripts(site)
    assert {"/etc/default/snf-image", "/etc/apache2/envvars"} < scripts.keys()
    for path, text in scripts.items():
        ended = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True)
        assert (ended.returncode, ended.stderr) == (0, b""), path


@pytest.mark.parametrize("site", CLOUDS)
def test_dnsmasq_reads_its_configuration(site: str, tmp_path: Path) -> None:
    rendered = files(site, "node1")
    (tmp_path / "dnsmasq.conf").write_text(filled(rendered["/etc/dnsmasq.conf"]))
    dnsmasq = run.which("dnsmasq")
    assert dnsmasq, "install dnsmasq-base: ./inv test does"
    said = run.run([dnsmasq, "--test", f"--conf-file={tmp_path}/dnsmasq.conf"], check=False)
    assert (said.code, said.out.strip()) == (0, "dnsmasq: syntax check OK.")


@pytest.mark.parametrize("site", CLOUDS)
def test_apache_reads_its_sites(site: str, tmp_path: Path) -> None:
    apache = run.which("apache2")
    assert apache, "install apache2: ./inv test does"
    name = f"node1.{definition.load(site).domain}"
    pem, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    subject = ["-subj", f"/CN={name}", "-keyout", key, "-out", pem]
    run.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject])
    lines = [f"LoadModule {one}_module /usr/lib/apache2/modules/mod_{one}.so" for one in MODULES]
    lines += [
        f"ServerRoot {tmp_path}",
        "ServerName localhost",
        "Listen 127.0.0.1:8099",
        "ErrorLog error.log",
    ]
    for path, file in files(site, "node1").items():
        if path.startswith("/etc/apache2/sites-available/"):
            text = filled(file).replace("/etc/ssl/certs", str(tmp_path))
            lines.append(text.replace("/etc/ssl/private", str(tmp_path)))
    (tmp_path / "apache2.conf").write_text("\n".join(lines) + "\n")
    argv = [apache, "-t", "-f", tmp_path / "apache2.conf"]
    said = run.run(argv, env={"NODE_FQDN": name}, check=False)
    assert said.code == 0 and "Syntax OK" in said.out, said.out
