"""What the cloud's first user does through the APIs, on the node where root's kamaki has its token.

The token stays on the node: it goes to curl by stdin, and no answer holds it.
"""

import json
import os
import re
import shutil
import socket
import tempfile

from guest import content, curl_quoted, run, text

KAMAKI = "/root/.kamakirc"
SECONDS = 180


class Cloud(object):
    """The services of the cloud that kamaki is configured for."""

    def __init__(self, folder):
        self.body = os.path.join(folder, "body")
        self.token = re.search(r"^token\s*=\s*(\S+)", text(KAMAKI), re.MULTILINE).group(1)
        url = re.search(r"^url\s*=\s*(\S+)", text(KAMAKI), re.MULTILINE).group(1)
        asked = {"auth": {"token": {"id": self.token}}}
        access = self.json("POST", url + "/tokens", asked)["access"]
        self.user = access["user"]["id"]
        self.services = {
            one["type"]: one["endpoints"][0]["publicURL"] for one in access["serviceCatalog"]
        }

    def call(self, method, url, data=None, kind="application/json"):
        """(status, text) of a request. Raises ValueError when there is no answer."""
        lines = [("url", url), ("request", method), ("output", self.body)]
        lines += [("header", "X-Auth-Token: " + self.token), ("write-out", "%{http_code}")]
        if data is not None:
            lines += [("header", "Content-Type: " + kind), ("data", data)]
        config = "".join("{0} = {1}\n".format(key, curl_quoted(value)) for key, value in lines)
        if os.path.exists(self.body):
            os.unlink(self.body)
        argv = ["curl", "-sS", "--max-time", str(SECONDS), "--config", "-"]
        code, out = run(argv, stdin=config, timeout=SECONDS + 10)
        if code != 0:
            raise ValueError("{0} {1}: {2}".format(method, url, out.strip()[-300:]))
        return int(out.strip()[-3:]), (content(self.body) or b"").decode("utf-8", "replace")

    def json(self, method, path, data=None):
        """The answer in JSON. Raises ValueError when the status is no success."""
        body = None if data is None else json.dumps(data)
        status, answer = self.call(method, path, body)
        if status >= 300:
            told = answer.replace(self.token, "***").strip()[:400]
            raise ValueError("{0} {1}: {2} {3}".format(method, path, status, told))
        return json.loads(answer) if answer.strip() else None

    def url(self, service, path=""):
        """An address below a service of this type."""
        return self.services[service].rstrip("/") + path


def an_object(cloud, request):
    """Upload a text, read it again, delete it; the statuses, and whether it was the same."""
    top = cloud.url("object-store", "/{0}/pithos".format(cloud.user))
    place = top + "/" + request["name"]
    cloud.call("PUT", top)
    found = {"put": cloud.call("PUT", place, request["text"], "text/plain")[0]}
    found["get"], body = cloud.call("GET", place)
    found["same"] = body == request["text"]
    found["delete"] = cloud.call("DELETE", place)[0]
    found["gone"] = cloud.call("GET", place)[0]
    return found


def choices(cloud, _):
    """The images and flavors that a machine may be made of."""
    images = cloud.json("GET", cloud.url("image", "/images/detail"))
    flavors = cloud.json("GET", cloud.url("compute", "/flavors/detail"))["flavors"]
    return {
        "images": [{key: one[key] for key in ("id", "name")} for one in images],
        "flavors": [dict(id=str(one["id"]), name=one["name"]) for one in flavors],
    }


def create(cloud, request):
    """Ask for a machine; its id. The password that comes with it stays here."""
    wanted = {"name": request["name"], "imageRef": request["image"], "flavorRef": request["flavor"]}
    found = cloud.json("POST", cloud.url("compute", "/servers"), {"server": wanted})["server"]
    return {"id": str(found["id"]), "status": found["status"], "password": bool(found["adminPass"])}


def servers(cloud, _):
    """{name: [id, status]} of the user's machines."""
    found = cloud.json("GET", cloud.url("compute", "/servers/detail"))["servers"]
    return {one["name"]: [str(one["id"]), one["status"]] for one in found}


def console(cloud, request):
    """Ask for the machine's console, and for the greeting of what answers there."""
    path = "/servers/{0}/action".format(request["id"])
    asked = {"console": {"type": "vnc"}}
    found = cloud.json("POST", cloud.url("compute", path), asked)["console"]
    link = socket.create_connection((found["host"], int(found["port"])), 60)
    try:
        greeting = link.recv(12).decode("ascii", "replace")
    finally:
        link.close()
    return {"host": found["host"], "port": int(found["port"]), "greeting": greeting}


def delete(cloud, request):
    """Delete a machine; the status."""
    return cloud.call("DELETE", cloud.url("compute", "/servers/" + request["id"]))[0]


ACTIONS = {
    "object": an_object,
    "choices": choices,
    "create": create,
    "servers": servers,
    "console": console,
    "delete": delete,
}


def main(request):
    """{"answer"} of request["action"], or {"error"}."""
    folder = tempfile.mkdtemp(prefix="check-")
    try:
        return {"answer": ACTIONS[request["action"]](Cloud(folder), request)}
    except (ValueError, KeyError, AttributeError, socket.error) as error:
        return {"error": "{0}: {1}".format(type(error).__name__, error)}
    finally:
        shutil.rmtree(folder)
