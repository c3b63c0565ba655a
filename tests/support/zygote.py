"""A Python that has imported pytest, and forks to run it: what takes a fresh one 0.2 s is done once.

Run as a script by `forking.py`, with a socket as its standard input. A request is a line of JSON with the
descriptors of the outputs; the answers are the number of the process and, when it has ended, its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
import sysconfig
from importlib import metadata

# It is a script, whose own folder is on the path.
from spares import hand_out  # type: ignore[import-not-found]
from spares import make_spares


def main() -> None:
    """Serve until the other end is closed. In a fork it returns by running pytest, which ends that."""
    import tomllib  # noqa: F401 - which each run with settings reads

    import pytest  # noqa: F401 - it is what this process is for
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    importlib.import_module("_pytest.junitxml").bin_xml_escape("")  # compiles its patterns
    path = [
        each for each in sys.path[1:] if each not in os.environ.get("PYTHONPATH", "").split(":")
    ]
    _remember_entry_points()
    gc.freeze()
    server = socket.socket(fileno=os.dup(0))
    while True:
        request, descriptors, _, _ = socket.recv_fds(server, 1 << 20, 2)
        if not request:
            return
        if b"--resource-guards-fix" in request:
            import libcst.metadata  # noqa: F401 - which takes 0.2 s, and each fix needs it
        pid = os.fork()
        if pid == 0:
            server.close()
            _become(json.loads(request), descriptors, path)
            return
        for each in descriptors:
            os.close(each)
        server.sendall(b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        server.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _remember_entry_points() -> None:
    """Read the entry points of each installed package once, and not for each ``-p`` of each run.

    pytest goes through those of all packages to find a plugin that is named, which takes it 25 ms here.
    """
    read = metadata.Distribution.entry_points.fget  # type: ignore[attr-defined]
    known = {}
    for each in metadata.distributions():
        known[str(each._path)] = each.entry_points  # type: ignore[attr-defined]
    installed = sysconfig.get_path("purelib")

    def entry_points(self: metadata.Distribution) -> object:
        where = str(self._path)  # type: ignore[attr-defined]
        return known[where] if where in known and where.startswith(installed) else read(self)

    metadata.Distribution.entry_points = property(entry_points)  # type: ignore[method-assign, assignment]


def _become(request: dict[str, object], descriptors: list[int], path: list[str]) -> None:
    """Be the process that ``python -m pytest`` is."""
    environment: dict[str, str] = request["environment"]  # type: ignore[assignment]
    arguments: list[str] = request["arguments"]  # type: ignore[assignment]
    ours, theirs = os.pipe()
    os.close(theirs)  # an input that has ended
    for number, descriptor in enumerate([ours, *descriptors]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    folder = str(request["folder"])
    spares = make_spares(
        arguments, lambda environment, folder: _enter(environment, folder, "", path)
    )
    if spares:
        hand_out(spares)
    sys.modules.pop("spares")  # as of a Python that has not been here
    sys.argv = ["-m", *arguments]
    _enter(environment, folder, folder, path)
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


def _enter(environment: dict[str, str], folder: str, first: str, path: list[str]) -> None:
    """Have an environment and a directory, and what a Python does with them at its start.

    Args:
        environment: The variables.
        folder: The directory.
        first: Where modules are looked for first: in ``folder`` by ``-m``, and by ``-c`` in the one that is current.
        path: Where Python's own modules and installed ones are.
    """
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    added = [each for each in environment.get("PYTHONPATH", "").split(":") if each]
    sys.path[:] = [first, *added, *path]
    sys.path_importer_cache.clear()
    child = sys.modules.get("imbue.resource_guards.intercept.child")
    if child is not None:
        child.guard_this_process()


if __name__ == "__main__":
    main()
