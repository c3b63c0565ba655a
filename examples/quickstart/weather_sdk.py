"""Stands for the SDK of a service: everything that it does goes through one method."""

from __future__ import annotations


class Client:
    """A client of the weather service."""

    def send(self, request: str) -> str:
        """Where a real client would talk to the service."""
        return f"sunny in {request}"

    def forecast(self, town: str) -> str:
        """Ask for the forecast of a town."""
        return self.send(town)
