"""The client of the ticket tracker. Everything that it does goes through `Client.request`."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


class Client:
    """A client of the tracker.

    Args:
        url: Where the tracker is, as ``https://tickets.example.com``.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and return what is answered."""
        request = urllib.request.Request(
            f"{self._url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def title(self, ticket: int) -> str:
        """The title of a ticket."""
        return str(self.request("GET", f"/tickets/{ticket}")["title"])

    def close(self, ticket: int, version: str) -> None:
        """Close a ticket as one that is done in a version."""
        self.request("POST", f"/tickets/{ticket}/close", {"version": version})
