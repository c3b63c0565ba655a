"""A guarded program that is a script, run by its interpreter: ``sh /path/tool``."""

from __future__ import annotations

import shutil

import pytest

from imbue.resource_guards.intercept.interpreters import passed_on
from imbue.resource_guards.intercept.interpreters import script_at
from support.suite import Suite

LOADER = "/lib64/ld-linux-x86-64.so.2"

COMMANDS: list[tuple[str, str, int | None]] = [
    ("/bin/sh", "sh tool x", 1),
    ("/bin/sh", "sh -e tool x", 2),
    ("/bin/sh", "sh -eu -o pipefail tool", 4),
    ("/bin/sh", "sh -euo pipefail tool", 3),
    ("/bin/bash", "bash -O extglob tool", 3),
    ("/bin/bash", "bash +e +O extglob tool", 4),
    ("/bin/bash", "bash --norc --rcfile file -- tool", 5),
    ("/bin/bash", "bash --posix tool", 2),
    ("/bin/sh", "sh -c tool", None),
    ("/bin/sh", "sh -ec tool", None),
    ("/bin/sh", "sh -s tool", None),
    ("/bin/sh", "sh - tool", 2),
    ("/bin/bash", "bash -e - tool", 3),
    ("/bin/bash", "bash -", None),
    ("/bin/dash", "dash - -e tool", 2),
    ("/bin/sh", "sh", None),
    ("/usr/bin/zsh", "zsh -f tool", 2),
    ("/usr/bin/python3", "python3 tool", 1),
    ("/usr/bin/python3.11", "python -Es -W error -Xdev tool x", 5),
    ("/usr/bin/python3.13t", "python -X dev -Wignore -bb tool", 5),
    ("/usr/bin/python3", "python --check-hash-based-pycs always tool", 3),
    ("/usr/bin/python3", "python -c tool", None),
    ("/usr/bin/python3", "python -Im tool", None),
    ("/usr/bin/pypy3", "pypy3 -O tool", 2),
    ("/usr/bin/perl", "perl -w -I lib tool", 4),
    ("/usr/bin/perl5.36", "perl -Ilib tool", 2),
    ("/usr/bin/perl", "perl -e tool", None),
    ("/usr/bin/ruby", "ruby -r json -Ilib tool", 4),
    ("/usr/bin/node", "node --require mod tool", 3),
    ("/usr/bin/node", "node --inspect tool", 2),
    ("/usr/bin/node", "node -e tool", None),
    (LOADER, f"{LOADER} /usr/bin/tool x", 1),
    (LOADER, f"{LOADER} --library-path /lib --argv0 name /usr/bin/tool", 5),
    (LOADER, f"{LOADER} --list /usr/bin/tool", None),
    ("/usr/bin/zsh", "zsh --emulate sh tool", 3),
    ("/bin/busybox", "busybox sh -e tool", 3),
    ("/bin/busybox", "busybox ash - tool", 3),
    ("/bin/busybox", "busybox sh -c tool", None),
    ("/bin/busybox", "busybox cat tool", None),
    ("/bin/busybox", "busybox", None),
    ("/usr/bin/python3", "python3 - tool", None),
    ("/usr/bin/python3.11-dbg", "python3.11-dbg -X dev tool", 3),
    ("/usr/bin/python3-dbg", "python3-dbg tool", 1),
    ("/usr/bin/pypy3", "pypy3 --jit off tool", 3),
    ("/usr/bin/perl", "perl -l tool", 2),
    ("/usr/bin/perl", "perl -0 -l0 -i -x -C -F -D tool", 8),
    ("/usr/bin/perl", "perl -i.bak -C7 -Mstrict -F: tool", 5),
    ("/usr/bin/perl", "perl -lw -00 -0x1ff tool", 4),
    ("/usr/bin/perl", "perl -lne tool", None),
    ("/usr/bin/perl", "perl -0777 -ne tool", None),
    ("/usr/bin/perl", "perl -d:Trace tool", 2),
    ("/usr/bin/perl", "perl -de tool", None),
    ("/usr/bin/perl", "perl -V tool", None),
    ("/usr/bin/perl", "perl - tool", None),
    ("/usr/bin/ruby", "ruby -W -K -T -i -x -F -0 tool", 8),
    ("/usr/bin/ruby3.2", "ruby3.2 -W:no-deprecated -W0 -Ke -Fe -ie tool", 6),
    ("/usr/bin/ruby", "ruby -E utf-8 -C lib -X lib tool", 7),
    ("/usr/bin/ruby", "ruby --enable gems --encoding utf-8 --disable-gems tool", 6),
    ("/usr/bin/ruby", "ruby -lne tool", None),
    ("/usr/bin/nodejs", "nodejs tool", 1),
    ("/usr/bin/node", "node --env-file x tool", 3),
    ("/usr/bin/node", "node --env-file=x --title x --conditions y -C z tool", 8),
    ("/usr/bin/node", "node -c tool", None),
    ("/usr/bin/node", "node -pe tool", None),
    ("/usr/bin/node", "node --eval=tool x", None),
    ("/usr/bin/php", "php tool", 1),
    ("/usr/bin/php", "php -f tool", 2),
    ("/usr/bin/php8.2", "php8.2 -n -d a=b -z ext.so -f tool x", 7),
    ("/usr/bin/php", "php -c ini -F tool", 4),
    ("/usr/bin/php", "php --define a=b --file tool", 4),
    ("/usr/bin/php", "php -z ext.so tool", 3),
    ("/usr/bin/php", "php -S localhost:80 -t root tool", 5),
    ("/usr/bin/php", "php -l tool", None),
    ("/usr/bin/php", "php -r tool", None),
    ("/usr/bin/php", "php -f", None),
    ("/usr/bin/lua5.4", "lua5.4 -l lib -i tool", 4),
    ("/usr/bin/lua", "lua -e text tool", 3),
    ("/usr/bin/lua", "lua -e text", None),
    ("/usr/bin/lua", "lua - tool", None),
    ("/usr/bin/luajit", "luajit -O -O3 -j off -joff -l lib tool", 8),
    ("/usr/bin/luajit", "luajit -b tool out", None),
    ("/usr/bin/cat", "cat tool", None),
    ("/usr/bin/pythonic", "pythonic tool", None),
]


@pytest.mark.parametrize(
    ("program", "command", "position"), COMMANDS, ids=[command for _, command, _ in COMMANDS]
)
def test_which_argument_is_the_script(program: str, command: str, position: int | None) -> None:
    """By the options of each interpreter; what is text, a module or read from stdin is none."""
    assert script_at(program, command.split()) == position


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sh -c text tool", "text"),
        ("bash -c -eo pipefail text tool", "text"),
        ("bash -euc $0 tool", "$0 tool"),
        ("sh --norc tool", "--norc tool"),
        ("sh run.sh tool -c text", "run.sh tool -c text"),
        ("sh -s tool", "-s tool"),
        ("sh -c", "-c"),
        ("timeout 5 tool", "5 tool"),
        ("ssh -c cipher host tool", "-c cipher host tool"),
    ],
)
def test_what_it_may_start(command: str, expected: str) -> None:
    """All that it is given, but what follows the text of a shell that does not ask for it."""
    name, *_ = command.split()

    assert " ".join(passed_on(f"/bin/{name}", command.split())) == expected


@pytest.mark.parametrize("options", ["", "-e", "-o errexit", "-eu --"])
@pytest.mark.parametrize(
    "where",
    ["by path", "by a link", "by a descriptor", "from its folder", "by which", "in a child"],
)
def test_a_shell_script(suite: Suite, options: str, where: str) -> None:
    """It is the program that runs: seen, blocked where it has no mark, superfluous where it does not run."""
    tool = suite.tool()
    start = {
        "by path": f"subprocess.run(['sh', *OPTIONS, {str(tool)!r}, 'x'], check=True)",
        "by a link": f"subprocess.run([link_to_sh(), *OPTIONS, {str(tool)!r}, 'x'], check=True)",
        "by a descriptor": f"by_descriptor(['sh', *OPTIONS, {str(tool)!r}, 'x'])",
        "from its folder": f"subprocess.run(['sh', *OPTIONS, 'tool', 'x'], cwd={str(suite.bin)!r}, check=True)",
        "by which": "subprocess.run(['sh', *OPTIONS, shutil.which('tool'), 'x'], check=True)",
        "in a child": "subprocess.run([sys.executable, '-c', CHILD, *OPTIONS], check=True)",
    }[where]
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
            import os, shutil, subprocess, sys
            import pytest

            OPTIONS = {options.split()!r}
            CHILD = '''if True:
                import subprocess, sys
                subprocess.run(["sh", *sys.argv[1:], {str(tool)!r}, "x"], check=True)
            '''

            def link_to_sh():
                if not os.path.lexists("interpreter"):
                    os.symlink("/bin/sh", "interpreter")
                return "./interpreter"

            def by_descriptor(words):
                with open("/bin/sh") as file:
                    path = f"/proc/self/fd/{{file.fileno()}}"
                    subprocess.run(words, executable=path, pass_fds=[file.fileno()], check=True)

            def test_unmarked():
                {start}

            @pytest.mark.tool
            def test_marked():
                {start}

            @pytest.mark.tool
            def test_superfluous():
                subprocess.run(["sh", "-c", ":", {str(tool)!r}], check=True)
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert suite.runs_of() == ["x"]


def test_a_python_script_that_is_looked_up(suite: Suite) -> None:
    """`python` gets the real path of a script, and not the shim that `shutil.which` finds."""
    suite.guard_tool()
    (suite.bin / "tool").write_text("#!/usr/bin/env python3\nprint('ran')\n")
    suite.write(
        test_it="""
            import os, shutil, subprocess, sys, pytest

            def run():
                start = [sys.executable, shutil.which("tool")]
                return subprocess.run(start, capture_output=True, text=True, check=True).stdout

            @pytest.mark.tool
            def test_marked():
                assert run() == "ran\\n"

            def test_unmarked():
                run()
        """
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing(), outcome.output


def test_a_program_by_the_loader(suite: Suite) -> None:
    """A compiled program that the dynamic loader is given is seen as well."""
    loader = next(
        (each for each in (LOADER, "/lib/ld-linux-aarch64.so.1") if shutil.which(each)), None
    )
    if loader is None:
        pytest.skip("this machine has another loader")
    suite.guard_tool()
    (suite.bin / "tool").unlink()
    shutil.copy("/bin/true", suite.bin / "tool")
    suite.write(
        test_it=f"""
            import subprocess, pytest

            def test_unmarked():
                subprocess.run([{loader!r}, {str(suite.bin / "tool")!r}])

            @pytest.mark.tool
            def test_marked():
                subprocess.run([{loader!r}, {str(suite.bin / "tool")!r}], check=True)
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
