"""Run something where a file of the system is another one."""

from __future__ import annotations

import subprocess

from support.foreign import give_up


def in_its_own_mounts() -> list[str]:
    """The command that runs another where it may mount, as root or in a namespace of its own."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        try_it = [*command, "mount", "--bind", "/dev/null", "/etc/hostname"]
        if subprocess.run(try_it, capture_output=True, check=False).returncode == 0:
            return command
    return give_up(
        "no mount namespace is to be had, to put a file in another's place (it takes root, or user ones)"
    )
