"""Database, broker and web servers answer every node with the site's credentials and names."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509

from golden.check.facts import Facts
from golden.check.questions import DATABASES
from golden.definition import Node
from tests.checks.subjects import each, each_node, hosts


@pytest.mark.guide("G067")
@each("database", lambda _: DATABASES if hosts("postgresql") else ())
def test_database_lets_the_application_in(facts: Facts, node: Node, database: str) -> None:
    assert facts.reach["databases"][database] == "ok"


@each("broker", lambda _: [one.fqdn for one in hosts("rabbitmq")])
def test_broker_lets_the_application_in(facts: Facts, node: Node, broker: str) -> None:
    assert facts.reach["brokers"][broker] == "ok"


@each_node(role="rabbitmq")
def test_broker_has_no_default_account(facts: Facts, node: Node) -> None:
    assert facts.reach["brokers"]["127.0.0.1"] != "ok", "guest may log in with the password guest"


def web_servers(_: Node) -> list[str]:
    return [one.fqdn for one in hosts("apache")]


@each("server", web_servers)
def test_certificate_is_trusted(facts: Facts, node: Node, server: str) -> None:
    found = facts.certificate(server)
    assert found.verified, f"{node.name} does not trust {server}: {found.says}"


@each("server", web_servers)
def test_certificate_names_the_server(facts: Facts, node: Node, server: str) -> None:
    certificate = x509.load_pem_x509_certificate(facts.certificate(server).pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert server in names.get_values_for_type(x509.DNSName)


@each("server", web_servers)
def test_certificate_lasts_a_month(facts: Facts, node: Node, server: str) -> None:
    certificate = x509.load_pem_x509_certificate(facts.certificate(server).pem.encode())
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert left > datetime.timedelta(days=30)


@each("server", web_servers)
def test_plain_http_is_sent_to_https(facts: Facts, node: Node, server: str) -> None:
    found = facts.reach["http"][server]
    assert found["status"] in (301, 302), f"http://{server}/ answers {found}"
    assert found["location"].startswith(f"https://{server}/")
