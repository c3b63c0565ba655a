"""What runs on Modal, as its program tells."""

from __future__ import annotations

import json
import subprocess


def running_apps() -> list[str]:
    """The names of the apps that there are."""
    command = ["modal", "app", "list", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [app["description"] for app in json.loads(done.stdout)]
