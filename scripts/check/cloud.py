"""What the commands of Synnefo and Ganeti say on this node, each run once.

The answers end up in reports, so secrets are taken out here: tokens become `right` or `wrong`.
"""

import json
import re

from guest import run, text

SECONDS = 600
KAMAKI = "/root/.kamakirc"
# A list stands on lines of its own; warnings, which may begin with "[" too, come before it.
LIST = re.compile(r"^\[(?:\s*$.*?^\]|\])", re.MULTILINE | re.DOTALL)
LONGEST = 6000


def rows(out):
    """The rows of a list in JSON; none when there is no list."""
    found = LIST.search(out)
    return json.loads(found.group(0)) if found else []


def judged(out, tokens):
    """component-list's answer with a word about each token instead of the token."""
    found = rows(out)
    for row in found:
        wanted = tokens.get(row["name"])
        row["token"] = "" if wanted is None else "right" if row["token"] == wanted else "wrong"
    # Without a list it is the text of an error.
    return json.dumps(found, indent=1) if found else LIST.sub("", out)


def redacted(out, secrets):
    """`out` without any of `secrets`, and without what stands after the word token."""
    for value in secrets:
        out = out.replace(value, "***")
    return re.sub(r"(\btoken\b\s*[=:]\s*)[^\s,]+", r"\1***", out)


def known(request):
    """The site's secrets, and the token that first boot found out."""
    return request["secrets"] + re.findall(r"^token\s*=\s*(\S+)", text(KAMAKI), re.MULTILINE)


def command(one, request, answers):
    """{"code", "out"} of one asked command; with "for" it is run for each row of that list."""
    listed = rows(answers[one["for"]]["out"]) if one["for"] else [{}]
    code, said = 0, []
    for row in listed:
        argv = [word.format(**row) if row else word for word in one["argv"]]
        worse, out = run(argv, timeout=SECONDS)
        code = code or worse
        said.append(out)
    out = "\n".join(said)
    if one["label"] == "component-list":
        out = judged(out, request["tokens"])
    else:
        out = redacted(out, known(request))
    return {"code": code, "out": out[-LONGEST:] if not rows(out) else out}


def main(request):
    """{label: answer} for request["commands"], in their order."""
    answers = {}
    for one in request["commands"]:
        answers[one["label"]] = command(one, request, answers)
    return answers
