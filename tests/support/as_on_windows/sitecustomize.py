"""Have `subprocess` start everything by a command line and ``_winapi.CreateProcess``, as it does on Windows.

Python imports it at its start, in child Pythons too.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

_Popen: Any = subprocess.Popen
_execute = _Popen._execute_child


def _execute_child(self: Any, *given: Any) -> None:
    import _winapi

    args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startup, flags, shell, *rest = (
        given
    )
    line = args if isinstance(args, str) else subprocess.list2cmdline(map(os.fsdecode, args))
    program = executable
    if shell:
        program, line = "C:\\Windows\\system32\\cmd.exe", f'cmd.exe /c "{line}"'

    def start(env: Any, cwd: Any) -> None:
        before = (args, executable, preexec_fn, close_fds, pass_fds)
        _execute(self, *before, cwd, env, startup, flags, shell, *rest)

    create: Any = vars(_winapi)["CreateProcess"]
    create(program, line, None, None, 1, 0, env, cwd, start)


_Popen._execute_child = _execute_child
