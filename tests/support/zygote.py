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


def main() -> None:
    """Serve until the other end is closed. In a fork it returns by running pytest, which ends that."""
    import pytest  # noqa: F401 - it is what this process is for
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    path = [
        each for each in sys.path[1:] if each not in os.environ.get("PYTHONPATH", "").split(":")
    ]
    gc.freeze()
    server = socket.socket(fileno=os.dup(0))
    while True:
        request, descriptors, _, _ = socket.recv_fds(server, 1 << 20, 2)
        if not request:
            return
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
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    added = [each for each in environment.get("PYTHONPATH", "").split(":") if each]
    sys.path[:] = [folder, *added, *path]
    sys.path_importer_cache.clear()
    sys.argv = ["-m", *arguments]
    child = sys.modules.get("imbue.resource_guards.intercept.child")
    if child is not None:
        child.guard_this_process()
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
