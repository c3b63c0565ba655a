"""Run a guard package's tests with each supported version of the SDK that it guards.

    python3 scripts/sdk_matrix.py docker
    python3 scripts/sdk_matrix.py modal
    python3 scripts/sdk_matrix.py docker 7.1.0 -- -k copy  # one version; after -- pytest's arguments

Each version has an environment of its own in .matrix, with the locked packages but for the SDK. A
table at the end tells which failed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import dev

# For each SDK its versions, with what they need beside them, and the tests.
SDKS: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "docker": (
        {
            # Requests from 2.32 on cannot talk to a socket of the file system through docker-py 7.0.
            "7.0.0": ("docker==7.0.0", "requests<2.32"),
            "7.1.0": ("docker==7.1.0",),
            "7.2.0": ("docker==7.2.0",),
        },
        "libs/mngr/tests",
    ),
    "modal": (
        {
            "1.0.5": ("modal==1.0.5",),
            "1.2.6": ("modal==1.2.6",),
            "1.4.3": ("modal==1.4.3",),
            "newest": ("modal",),
        },
        "libs/mngr_modal/tests",
    ),
}


def run(sdk: str, version: str, arguments: list[str]) -> int:
    """Run the tests with one version; returns pytest's exit code."""
    versions, tests = SDKS[sdk]
    folder = dev.ROOT / ".matrix" / f"{sdk}-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    python = dev.make_environment(folder)
    dev.install_locked(python, "--all-packages", "--group=test")
    dev.install_members(python, *dev.MEMBERS)
    upgrade = ["--upgrade"] if version == "newest" else []
    install = ("pip", "install", "--quiet", "--python", python)
    dev.run(dev.find_uv(), *install, *upgrade, *versions[version])
    command = [str(python), "-m", "pytest", "-q", "-n2", "-pno:cacheprovider", tests, *arguments]
    return subprocess.run(command, cwd=dev.ROOT, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    chosen, pytest_arguments = dev.split(arguments)
    if not chosen or chosen[0] not in SDKS:
        sys.exit(__doc__)
    sdk, *versions = chosen
    dev.install_system_packages()
    rows = []
    for version in versions or SDKS[sdk][0]:
        print(f"##### {sdk} {version}", flush=True)
        start = time.monotonic()
        rows.append((version, run(sdk, version, pytest_arguments), time.monotonic() - start))
    dev.print_results(sdk, rows)
    return int(any(code for _, code, _ in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
