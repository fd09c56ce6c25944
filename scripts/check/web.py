"""Pages as a browser on this node gets them: over TLS, judged by the node's own CA bundle.

curl does it: Python 2.7.3 checks no certificate. What a page holds stays here (Pithos's has the
user's token in it); only whether it holds what was asked for is told.
"""

import json
import os
import re
import shutil
import tempfile

from guest import content, curl_quoted, run

try:
    from html import unescape
    from urllib.parse import unquote, urljoin
except ImportError:
    from urllib import unquote

    from HTMLParser import HTMLParser
    from urlparse import urljoin

    unescape = HTMLParser().unescape

SECONDS = 120
FORM = r"<form[^>]*\baction=[\"']?([^\"'\s>]*/local[^\"'\s>]*)[^>]*>(.*?)</form>"
HIDDEN = r"<input[^>]*type=[\"']?hidden[^>]*>"


class Browser(object):
    """One visitor: its cookies are kept in `folder`."""

    def __init__(self, folder):
        self.jar = os.path.join(folder, "cookies")
        self.body = os.path.join(folder, "body")

    def get(self, url, fields=None, referer="", post=False, headers=()):
        """(status, address after all redirections, text, error); `fields` are posted."""
        lines = [("url", url), ("cookie", self.jar), ("cookie-jar", self.jar)]
        lines += [("output", self.body), ("write-out", "%{http_code} %{url_effective}")]
        lines += [("data-urlencode", "{0}={1}".format(*pair)) for pair in fields or ()]
        lines += [("data", "")] if post else []
        lines += [("referer", referer)] if referer else []
        lines += [("header", each) for each in headers]
        # Options come on stdin: a password must not be seen on a command line.
        config = "".join("{0} = {1}\n".format(key, curl_quoted(value)) for key, value in lines)
        if os.path.exists(self.body):
            os.unlink(self.body)
        argv = ["curl", "-sS", "--location", "--max-redirs", "10", "--max-time", str(SECONDS)]
        code, out = run(argv + ["--config", "-"], stdin=config, timeout=SECONDS + 10)
        found = re.search(r"(\d{3}) (\S+)\s*$", out)
        error = " ".join(out[: found.start() if found else None].split()) if code else ""
        text = (content(self.body) or b"").decode("utf-8", "replace")
        return int(found.group(1)) if found else 0, found.group(2) if found else "", text, error

    def token(self, name):
        """The token in Astakos's cookie `name`, which holds uuid|token; "" without the cookie."""
        rows = [line.split("\t") for line in (content(self.jar) or b"").decode().splitlines()]
        values = [row[6] for row in rows if len(row) == 7 and row[5] == name]
        return unquote(values[-1].strip('"')).partition("|")[2] if values else ""


def decoded(text):
    """The characters of an answer, whichever escapes JSON or HTML writes them with."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return unescape(text)


def page(browser, one):
    """What came back for one asked page: status, last address, error, and what of `find` is in it.

    `find` is {name: regular expression}. `accept` is the kind of answer that is asked for; `cookie`
    names the cookie whose token goes along, as the scripts of Cyclades' page do it.
    """
    headers = ["Accept: " + one["accept"]] if one.get("accept") else []
    token = browser.token(one["cookie"]) if one.get("cookie") else ""
    headers += ["X-Auth-Token: " + token] if token else []
    post = one.get("method") == "POST"
    status, url, text, error = browser.get(one["url"], post=post, headers=headers)
    text = decoded(text)
    found = {name: bool(re.search(what, text)) for name, what in one["find"].items()}
    return {"status": status, "url": url, "error": error, "found": found}


def login(browser, one):
    """Fill in Astakos's login form, hidden fields included, and send it."""
    status, url, text, error = browser.get(one["url"])
    form = re.search(FORM, text, re.DOTALL)
    if not form:
        return {"status": status, "url": url, "error": error or "no login form", "found": {}}
    fields = [pair for pair in map(hidden, re.findall(HIDDEN, form.group(2))) if pair]
    fields += [("username", one["username"]), ("password", one["password"])]
    target = urljoin(url, unescape(form.group(1)))
    status, url, text, error = browser.get(target, fields, referer=url)
    return {"status": status, "url": url, "error": error, "found": {}}


def hidden(tag):
    """(name, value) of a hidden field, such as Django's against forged requests."""
    name, value = (re.search(word + r"=[\"']([^\"']*)", tag) for word in ("name", "value"))
    return (name.group(1), unescape(value.group(1))) if name and value else None


def visit(pages, session):
    """{label: what came back} for the pages, by a new visitor who logs in when asked to."""
    folder = tempfile.mkdtemp(prefix="check-")
    try:
        browser = Browser(folder)
        found = {"login": login(browser, session)} if session else {}
        found.update((one["label"], page(browser, one)) for one in pages)
        return found
    finally:
        shutil.rmtree(folder)


def main(request):
    """Every page of request["pages"]; those of a `session` by who logs in first."""
    if not request["pages"]:
        return {}
    found = visit([one for one in request["pages"] if not one["session"]], None)
    found.update(visit([one for one in request["pages"] if one["session"]], request["login"]))
    return found
