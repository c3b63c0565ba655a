"""The tracker is guarded here, git in ``pyproject.toml``; and what several tests need."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from relnotes.tracker import Client

from imbue.resource_guards import Registry
from imbue.resource_guards import fixture_uses_resources

SUBJECTS = ("feat: a first version", "fix: a crash (#7)", "feat!: another format (#8)")
TITLES = {7: "It crashes on an empty folder", 8: "Write the notes as Markdown"}


def pytest_register_resource_guards(registry: Registry) -> None:
    """All that the client does goes through one method, which is what is guarded."""
    registry.register_sdk_guard("tracker", targets=["relnotes.tracker:Client.request"])


@pytest.fixture(scope="session")
@fixture_uses_resources("git")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with three commits, the first of which is tagged as v1.0."""
    folder = tmp_path_factory.mktemp("repository")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", folder, *who, *arguments], check=True)

    git("init", "--quiet")
    for subject in SUBJECTS:
        git("commit", "--quiet", "--allow-empty", f"--message={subject}")
        if subject == SUBJECTS[0]:
            git("tag", "v1.0")
    return folder


class Tracker(BaseHTTPRequestHandler):
    """Answers as the tracker does."""

    def do_GET(self) -> None:
        """Tell a ticket's title."""
        self.answer({"title": TITLES[int(self.path.rpartition("/")[2])]})

    def do_POST(self) -> None:
        """Close a ticket."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({})

    def answer(self, body: object) -> None:
        """Send a body as JSON."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def tracker_url() -> Iterator[str]:
    """A tracker on this machine. To start it is no use of the tracker; to ask it is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Tracker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def tracker(tracker_url: str) -> Client:
    """A client of the tracker, which has asked nothing yet."""
    return Client(tracker_url)
