"""Set-up behind a company's proxy, whose certificates only the system's store knows."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme

import dev
from support.foreign import give_up
from support.mounts import in_its_own_mounts

NAME = "thing_behind_a_proxy"

SAYS_WHERE_TO_LOOK = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("PIP_CERT", "PIP_CONFIG_FILE", "PIP_USE_FEATURE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
)
"""What would lead pip or uv to certificates by another way."""

STORE = Path("/etc/ssl/certs/ca-certificates.crt")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the store of certificates is mounted over, as Linux can"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def authority() -> trustme.CA:
    """A private certificate authority."""
    return trustme.CA()


@pytest.fixture
def index(tmp_path: Path, authority: trustme.CA) -> Iterator[str]:
    """A package index on this machine whose certificate is the private authority's, with one wheel."""
    folder = tmp_path / "index" / "simple" / NAME.replace("_", "-")
    folder.mkdir(parents=True)
    wheel = f"{NAME}-1.0-py3-none-any.whl"
    about = f"{NAME}-1.0.dist-info"
    with zipfile.ZipFile(folder / wheel, "w") as packed:
        packed.writestr(f"{NAME}.py", "")
        packed.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        packed.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr(f"{about}/RECORD", f"{NAME}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n")
    (folder / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    handler = partial(Quiet, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def in_store(tmp_path: Path, authority: trustme.CA) -> list[str]:
    """The command that runs another where the system's store has the authority, and nothing else names it."""
    if not STORE.exists():
        give_up(f"this system has its certificates elsewhere than in {STORE}")
    both = tmp_path / "both.crt"
    both.write_bytes(STORE.read_bytes() + authority.cert_pem.bytes())
    return [*in_its_own_mounts(), "sh", "-c", f'mount --bind {both} {STORE} && exec "$@"', "sh"]


def install(
    in_store: list[str], command: list[str], *, as_set_up: bool
) -> subprocess.CompletedProcess[str]:
    """Run a command as `scripts/dev.py` runs it, or without what that says of certificates."""
    kept = {name: value for name, value in os.environ.items() if name not in SAYS_WHERE_TO_LOOK}
    how = "dev.run(*sys.argv[1:])" if as_set_up else "subprocess.run(sys.argv[1:], check=True)"
    code = f"import subprocess, sys, dev; {how}"
    environment = {**kept, "PYTHONPATH": str(dev.ROOT / "scripts"), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [*in_store, sys.executable, "-c", code, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("as_set_up", [True, False], ids=["as set up", "left alone"])
def test_uv_trusts_what_the_system_trusts(
    tmp_path: Path, index: str, in_store: list[str], *, as_set_up: bool
) -> None:
    """Where `scripts/dev.py` runs it; by itself it does not, and the same index cannot be used."""
    uv = [
        dev.find_uv(),
        "pip",
        "install",
        "--no-cache",
        "--no-config",
        f"--target={tmp_path / 'it'}",
    ]
    done = install(in_store, [*uv, f"--default-index={index}", NAME], as_set_up=as_set_up)
    assert (done.returncode == 0) is as_set_up, done.stderr
    assert (tmp_path / "it" / f"{NAME}.py").exists() is as_set_up
    assert as_set_up or "certificate" in done.stderr.lower()


def test_pip_trusts_what_the_system_trusts(tmp_path: Path, index: str, in_store: list[str]) -> None:
    """The one that comes with Python, which brings uv where that is missing, and may be older than its own use of the store."""
    venv.create(tmp_path / "tools", with_pip=True)
    pip = [str(tmp_path / "tools" / "bin" / "python"), "-m", "pip", "install", "--no-cache-dir"]
    done = install(in_store, [*pip, f"--index-url={index}", NAME], as_set_up=True)
    assert done.returncode == 0, done.stderr
