"""What a template sees, and the errors it can make: each with file, line and likeliest name."""

from __future__ import annotations

import pytest

from golden.errors import UserError
from golden.render import render
from golden.render.context import VARIABLES, context
from tests.unit.small_tree import SITE, WEB, SmallTree

TEMPLATE = "images/roles/web/files/etc/x.j2"


def rendered(tree: SmallTree, template: str) -> str:
    """What `template`, of the role web, becomes."""
    tree.write(TEMPLATE, template)
    content = render(tree.load(), tree.root).kinds["master"].files["/etc/x"].content
    return content.decode().split("\n", 1)[1]


def problems(tree: SmallTree, template: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        rendered(tree, template)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ site.name }} {{ site.network.subnet }}", "lab 198.51.100.0/24"),
        ("{{ site.variables.workers }}", "4"),
        ("{{ release.name }} {{ release.debian }} {{ release.web_version }}", "twelve 12 2.4"),
        ("{{ kind.name }} {{ role.name }}", "master web"),
        ("{{ nodes | map(attribute='fqdn') | join(' ') }}", "n1.lab.example n2.lab.example"),
        ("{{ host_of('web').address }}", "198.51.100.1"),
        ("{{ secret('rapi_password') | py }}", "@@SECRET:py:rapi_password@@"),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
        ("<&>", "<&>"),
    ],
)
def test_context(tree: SmallTree, template: str, text: str) -> None:
    assert rendered(tree, template) == text


def test_the_hint_knows_all_variables(tree: SmallTree) -> None:
    site = tree.load()
    assert sorted(context(site, site.kinds[0], site.kinds[0].roles[0])) == list(VARIABLES)


def test_a_fact_may_be_called_like_a_method(tree: SmallTree) -> None:
    tree.edit("images/releases/twelve.yaml", "facts:", "facts:\n  values: mine\n  copy: too")
    assert rendered(tree, "{{ release.values }} {{ release.copy }}") == "mine too"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a\n{{ sitee.name }}\n", "2: variable 'sitee' is not defined; did you mean 'site'?"),
        (
            "{{ release.web_verson }}",
            "1: release 'twelve' has no 'web_verson'; did you mean 'web_version'?",
        ),
        (
            "\n\n{{ site.network.gatewya }}",
            "3: a network has no 'gatewya'; did you mean 'gateway'?",
        ),
        (
            "{% for node in nodes %}\n{{ node.adress }}\n{% endfor %}\n",
            "2: a node has no 'adress'; did you mean 'address'?",
        ),
        (
            "{{ site.variables.worker }}",
            "1: the list of variables in web/role.yaml has no 'worker'; did you mean 'workers'?",
        ),
        (
            "{{ site.variables.admin }}",
            "1: the list of variables in web/role.yaml has no 'admin'; valid: workers",
        ),
        (
            "{{ host_of('wep') }}",
            "1: site 'lab' has no role 'wep'; did you mean 'web'?",
        ),
        (
            "\n{{ secret('rapi_pasword') }}",
            "2: there is no secret 'rapi_pasword'; did you mean 'rapi_password'?",
        ),
        ("{{ 1 + 'a' }}", "1: TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        ("{% if %}\n", "1: Expected an expression, got 'end of statement block'"),
        ("a\n{{ a | nofilter }}\n", "2: No filter named 'nofilter'."),
        ("a\n{% include 'gone' %}\n", "2: 'gone' not found in search path"),
    ],
)
def test_defects_name_template_line_and_name(tree: SmallTree, template: str, problem: str) -> None:
    found = problems(tree, template)
    assert len(found) == 1
    assert found[0].startswith(f"{TEMPLATE}:{problem}")


def test_a_defect_of_an_included_template_is_told_of_that(tree: SmallTree) -> None:
    tree.write("images/snippets/x.j2", "a\n{{ b }}\n")
    assert problems(tree, "{% include 'snippets/x.j2' %}")[0].startswith(
        "images/snippets/x.j2:2: variable 'b' is not defined; "
    )


def test_the_defects_of_all_templates_in_one_run(tree: SmallTree) -> None:
    tree.write("images/roles/base/files/etc/y.j2", "{{ gone }}")
    assert [line.partition(": ")[0] for line in problems(tree, "{{ gone }}")] == [
        "images/roles/base/files/etc/y.j2:1",
        f"{TEMPLATE}:1",
    ]


def test_a_variable_that_a_site_lacks_is_told_before_rendering(tree: SmallTree) -> None:
    tree.edit(WEB, "{workers: count}", "{workers: count, colour: text}")
    tree.write(TEMPLATE, "{{ site.variables.colour }}")
    assert tree.problems() == [
        f"{SITE}:16: variables.colour: this key is missing, and {WEB}:11 needs it;"
        " valid: admin, workers"
    ]
