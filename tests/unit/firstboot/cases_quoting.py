"""Values in the languages of configuration files, as Python 2.7 and 3 write them alike."""

import ast
import subprocess

from engine import files, quoting
from steps import secret_files
from world import raises

NASTY = ("it's#1\\new", "pass\\new", "p@ss:w/rd", "50%", "p\xc3\xa4 ss'w\"ord", "$(id)`id`")


def texts():
    """As first boot has them: text of the Python that runs, from UTF-8."""
    return [files.native(text.encode("latin-1") if str is not bytes else text) for text in NASTY]


def case_python_reads_back_what_was_written(world):
    for text in texts():
        found = ast.literal_eval(quoting.py(text))
        assert files.encoded(found) == files.encoded(text), text


def case_literals_are_ascii_and_the_same_in_both_pythons(world):
    written = [quoting.py(text) for text in texts()]
    assert written[:3] == ["'it\\'s#1\\\\new'", "'pass\\\\new'", "'p@ss:w/rd'"]
    assert written[4] == "u'p\\xe4 ss\\'w\"ord'"


def case_a_shell_reads_back_what_was_written(world):
    for text in texts():
        script = 'X={0}; printf %s "$X"'.format(quoting.shell(text))
        assert subprocess.check_output(["sh", "-c", script]) == files.encoded(text)


def case_urls_are_percent_encoded(world):
    assert [quoting.urlquote(text) for text in texts()][2:5] == [
        "p%40ss%3Aw%2Frd",
        "50%25",
        "p%C3%A4%20ss%27w%22ord",
    ]


def case_erlang_and_sql(world):
    assert quoting.erlang(texts()[4]) == '<<"p\\x{E4} ss\'w\\"ord"/utf8>>'
    assert quoting.sql("it's") == "'it''s'"


def case_a_line_keeps_its_end(world):
    assert "line break" in raises(ValueError, quoting.line, "a\nb")
    assert quoting.ini("50%") == "50%%"


def case_a_secret_is_quoted_where_it_is_put(world):
    world.golden["secrets"]["database_password"] = "it's#1\\new"
    world.put("etc/secret.conf", "X = @@SECRET:py:database_password@@\n")
    secret_files.run(world.context())
    text = world.get("etc/secret.conf")
    assert ast.literal_eval(text.partition("= ")[2]) == "it's#1\\new"
    assert secret_files.done(world.context())
