"""Try the catalogue's entries with the oldest and the newest version of each client.

    python scripts/catalogue_matrix.py                 # all entries
    python scripts/catalogue_matrix.py redis postgres  # some

The versions are those that each client's table has under `tried`. Each gets an environment of its own, with the
core and pytest, and the suite in `tests/catalogue_suite` is run there. Fails if a verdict is wrong.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dev

sys.path.insert(0, str(dev.ROOT / "tests"))

from support.catalogue import Run
from support.catalogue import run_suite
from support.catalogue import write_suite

CATALOGUE = (
    dev.ROOT / "libs" / "resource_guards" / "imbue" / "resource_guards" / "declare" / "catalogue"
)

FURTHER = {
    "aiohttp": ["aioresponses"],
    "azure.core": ["azure-storage-blob", "aiohttp"],
    "botocore": ["boto3"],
    "google.api_core": ["google-cloud-pubsub"],
    "httpcore": ["trio"],
    "httpcore2": ["trio"],
    "motor": ["pymongo"],
    "urllib3": ["requests"],
    "websockets": ["trio"],
}
"""What else the ways of a client need, in whatever version fits."""


def main(names: list[str]) -> int:
    """Run the command line; returns the exit code."""
    known = sorted(each.stem for each in CATALOGUE.glob("*.toml"))
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"There is no entry {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    rows = []
    for name in names or known:
        for client in tomllib.loads((CATALOGUE / f"{name}.toml").read_text()).get("clients", []):
            for version in client.get("tried", []):
                begin = time.monotonic()
                wrong = list(try_version(name, client, version))
                for line in wrong:
                    print(f"{name}: {client['package']} {version}: {line}", flush=True)
                what = f"{name} {requirement(client, version)}"
                print(f"{what}: {len(wrong)} wrong", flush=True)
                rows.append((what, int(bool(wrong)), time.monotonic() - begin))
    dev.print_results("client", rows)
    return int(any(code for _, code, _ in rows))


def try_version(entry: str, client: dict[str, Any], version: str) -> Iterator[str]:
    """What is wrong with the verdicts about one version of a client."""
    package = client["package"]
    with tempfile.TemporaryDirectory() as folder:
        python = dev.make_environment(Path(folder) / "venv")
        packages = [requirement(client, version), *FURTHER.get(package, ()), "pytest"]
        problem = install(python, packages)
        if problem:
            yield problem
            return
        suite = Path(folder) / "suite"
        suite.mkdir()
        write_suite(suite)
        table = "loopback = true" if entry == "http" else ""
        run = run_suite(python, suite, entry, "test_clients.py", table=table, CLIENT=package)
        yield from judged(run)
        yield from run_suite(python, suite, entry, "test_mocks.py").wrong()


def judged(run: Run) -> Iterable[str]:
    """What is wrong with a run: that it has tried nothing is."""
    if not run.clients:
        return [f"nothing was tried:\n{run.output[-2000:]}"]
    return [each for each in run.wrong() if each != "Pycurl superfluous: PASSED "]


def requirement(client: dict[str, Any], version: str) -> str:
    """What is to be installed for a version of a client."""
    return f"{client.get('distribution', client['package'])}=={version}"


def install(python: Path, packages: list[str]) -> str:
    """Install packages and the core; why that cannot be done, or nothing."""
    command = [dev.find_uv(), "pip", "install", "--quiet", "--python", str(python), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"cannot be installed:\n{done.stderr[-2000:]}"
    dev.install_members(python, "resource_guards", editable=False)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
