"""The services of all components, as data, and the JSON in which they are exchanged."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

SERVICES = Path(__file__).parent / "services.yaml"


def export(component: str, base_url: str) -> str:
    """The JSON of a component's services. Exits 1 on an unknown component."""
    known = yaml.safe_load(SERVICES.read_text())
    if component not in known:
        sys.exit(f"Unknown service '{component}': choose one of {', '.join(known)}")
    data: dict[str, Any] = {}
    for name, item in known[component]["services"].items():
        endpoint = {"versionId": item["version"], "publicURL": f"{base_url}/{item['path']}"}
        data[name] = {"component": component, "type": item["type"], "prefix": item["path"]}
        data[name] |= {"public": True, "endpoints": [endpoint], "resources": {}}
    owner = next(iter(data)) if component != "astakos" else "astakos_account"
    data[owner]["resources"] = known[component]["resources"]
    return json.dumps(data, indent=4)
