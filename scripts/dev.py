"""Set this workspace up on a machine that has only Python and git, and run its jobs.

    python3 scripts/dev.py quickstart  # the guards at work on examples/quickstart
    python3 scripts/dev.py test        # all checks and tests; further arguments go to pytest
    python3 scripts/dev.py test --quick        # without the tests that run pytest or a server: a minute
    python3 scripts/dev.py test --job none     # the suite itself, without the jobs: four minutes on two cores
    python3 scripts/dev.py test --job libtmux  # the tests of one job; tests/support/jobs.py has them all
    python3 scripts/dev.py setup       # only make the environment, in .venv
    python3 scripts/dev.py programs    # only install the programs that tests run, as root

The first three set up what is missing. The packages are those of ``uv.lock``, checked by their hashes
and taken from whatever index this machine uses.
"""

from __future__ import annotations

import functools
import os
import shutil
import ssl
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
TOOLS = ROOT / ".tools"
UV_VERSION = "0.13.9"
MEMBERS = ("resource_guards", "mngr", "mngr_modal")
SYSTEM_PACKAGES = {
    "tmux": "tmux",
    "make": "make",
    "patch": "patch",
    "cc": "gcc libc6-dev",
    "docker": "docker.io docker-cli",  # which newer releases of Debian have apart
    "dockerd": "docker.io runc containerd",
    "busybox": "busybox-static",
    "strace": "strace",
    "valgrind": "valgrind",
    "ip": "iproute2",
    "postgres": "postgresql",
    "redis-server": "redis-server",
    "mariadbd": "mariadb-server",
    "rabbitmq-server": "rabbitmq-server",
    "dot": "graphviz",
    "chromedriver": "chromium chromium-driver",
}  # what tests run, and where Debian has it
FOLDERS = (
    *os.environ.get("PATH", os.defpath).split(os.pathsep),
    "/usr/sbin",  # which not everyone's PATH has
    *map(str, Path("/usr/lib/postgresql").glob("*/bin")),  # Debian keeps the server's there
)
OLDEST_PYTHON = (3, 11)
MOST_PROCESSES = 5
"""How many tests run at the same time, at most."""


def environment() -> dict[str, str]:
    """The variables for a command, by which uv and pip use the certificates that this system trusts.

    Such as those of a company's proxy. uv brings its own and looks there only when it is told to; so does pip before
    24.2, and a new environment has the pip of its Python.
    """
    paths = ssl.get_default_verify_paths()
    where = paths.cafile or paths.capath
    found = {"UV_SYSTEM_CERTS": "true"}
    if where and not _pip_is_configured():
        found["PIP_CERT"] = where
    return {**found, **os.environ}


@functools.cache
def _pip_is_configured() -> bool:
    """Whether a file of pip's settings names certificates, which a variable would override."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.cert"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(*command: str | Path, stdin: str | None = None) -> None:
    """Run a command in the workspace; its failure ends this script with its exit code."""
    parts = [str(part) for part in command]
    result = subprocess.run(parts, cwd=ROOT, env=environment(), input=stdin, text=True, check=False)
    if result.returncode:
        print(f"failed: {' '.join(map(str, command))}", file=sys.stderr)
        sys.exit(result.returncode)


def find_uv() -> str:
    """The uv that this workspace is made with: the one at hand, or one installed in .tools."""
    for candidate in (shutil.which("uv"), str(TOOLS / "bin" / "uv")):
        if candidate and Path(candidate).exists():
            version = subprocess.run(
                [candidate, "--version"], check=False, capture_output=True, text=True
            )
            if version.stdout.split()[1:2] == [UV_VERSION]:
                return candidate
    venv.create(TOOLS, with_pip=True, clear=True)
    run(TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}")
    return str(TOOLS / "bin" / "uv")


def set_up() -> None:
    """Make the environment and put the locked packages and the workspace's own into it."""
    uv = find_uv()
    if not PYTHON.exists():
        make_environment(ENVIRONMENT)
    install_locked(PYTHON, "--all-packages", "--group=dev")
    install_members(PYTHON, *MEMBERS)
    run(uv, "sync", "--quiet", "--frozen", "--all-packages", "--group=dev", "--inexact", "--check")


def install_locked(python: Path, *what: str) -> None:
    """Install locked packages into the environment of `python`.

    Args:
        python: The environment's interpreter.
        what: Options of ``uv export`` that say which packages.
    """
    uv = find_uv()
    export = [uv, "export", "--quiet", "--frozen", "--no-emit-workspace", *what]
    pins = subprocess.run(export, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    install = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
    run(*install, "--require-hashes", "-r", "-", stdin=pins)


def install_members(python: Path, *members: str, editable: bool = True) -> None:
    """Install packages of the workspace, as links to their sources or whole, into an environment."""
    link = "--editable=" if editable else ""
    sources = [f"{link}{ROOT / 'libs' / member}" for member in members]
    run(find_uv(), "pip", "install", "--quiet", "--python", python, "--no-deps", *sources)


def build(output: Path, *what: str | Path) -> None:
    """Build the wheels and source distributions of all packages, or what other options say."""
    run(find_uv(), "build", "--quiet", *(what or ("--all-packages",)), "--out-dir", output)


def make_environment(folder: Path, python: str = sys.executable) -> Path:
    """Make an empty environment; returns its interpreter."""
    run(find_uv(), "venv", "--quiet", "--python", python, folder)
    return folder / "bin" / "python"


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before ``--``, and those after it, which are pytest's."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def print_results(what: str, rows: list[tuple[str, int, float]]) -> None:
    """Print a table: of each thing its name, its exit code in words, and its seconds."""
    print(f"\n{what:16} result  seconds")
    for name, code, seconds in rows:
        print(f"{name:16} {'failed' if code else 'passed':7} {seconds:7.0f}")


def _is_known(package: str) -> bool:
    """Whether this release of the system has a package."""
    command = ("apt-cache", "show", "--quiet=2", package)
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_system_packages() -> None:
    """Install the programs that the tests run, where that is possible; say so where it is not."""
    missing = [
        package
        for program, packages in SYSTEM_PACKAGES.items()
        for package in packages.split()
        if not shutil.which(program, path=os.pathsep.join(FOLDERS))
    ]
    if not missing:
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        known = [each for each in missing if _is_known(each)]
        if left_out := sorted({*missing} - {*known}):
            print(f"Not in this release of the system: {' '.join(left_out)}.", file=sys.stderr)
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *known)
    else:
        print(f"Not installed: {' '.join(missing)}; the tests that need it skip.", file=sys.stderr)


def quickstart() -> None:
    """Show the guards at work."""
    set_up()
    run(PYTHON, ROOT / "examples" / "quickstart" / "show.py")


def test(arguments: list[str]) -> None:
    """Check the sources and run the tests."""
    set_up()
    install_system_packages()
    run(PYTHON, ROOT / "scripts" / "lock.py", "--check")
    run(PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")
    run(PYTHON, "-m", "ruff", "check", "--quiet", ".")
    run(PYTHON, "-m", "mypy")
    # One more than there are cores, since some tests wait for servers and programs.
    processes = min((os.cpu_count() or 1) + 1, MOST_PROCESSES)
    run(PYTHON, "-m", "pytest", f"--numprocesses={processes}", *arguments)


def main(arguments: list[str]) -> None:
    """Run the command line."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed.")
    # The tests start thousands of Pythons. Images often set this, and then each compiles all that it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    match arguments:
        case ["-h" | "--help"] | ["test", "-h" | "--help"]:
            print(__doc__)
        case ["setup"]:
            set_up()
        case ["programs"]:
            install_system_packages()
        case ["quickstart"]:
            quickstart()
        case ["test", *rest]:
            test(rest)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
