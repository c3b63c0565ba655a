"""What the messages about whole runs, reports and fixes mean, for ``explain``."""

from __future__ import annotations

from typing import Final

from imbue.resource_guards.messages.explained_marks import Explanation

OF_RUNS: Final = {
    "cannot-be-known": Explanation(
        "it is unknown whether tests used a resource, because something is not seen",
        """\
Some libraries connect in C or Rust, past Python's socket (grpc, mysqlclient, ...). A guard of addresses
does not see these connections. While such a library is loaded, marks of the resource are not reported
as superfluous, and the fix does not remove them. Missing marks are still reported if a use is seen.
The same is true of Pythons that a test starts where they are not guarded, and, on Windows, of programs
that other programs start.

What to do
  - Guard the calls that connect as well: add calls = [...] to the table of the resource. The message
    names the calls if they are known.
  - The library cannot reach the resource: leave it out of libraries = [...].""",
    ),
    "children-not-guarded": Explanation(
        "Pythons that tests start are not guarded",
        """\
A child Python guards itself by a .pth file in site-packages, which the wheel of resource-guards
installs. It is missing here, for example because the package is imported from a folder. Calls and
connections in child Pythons are not seen. On Linux and macOS, programs that they start by name are seen.

What to do
  - Install resource-guards as a wheel into the environment that the message names.
  - Python 3.18 or newer: install a release that supports it.""",
    ),
    "run-not-whole": Explanation(
        "a run did not collect or run all tests",
        """\
A file could not be collected, or the run ended early (-x, Ctrl-C, a crash). Its report lacks the tests
that did not run, so merge, compare and fix know less.

What to do
  - Fix the error of the file, or run all tests, and write the report again.""",
    ),
    "ran-nowhere": Explanation(
        "some tests ran in none of the merged runs",
        """\
merge found tests that were skipped, deselected or not run in each of the reports. No machine has
checked them.

What to do
  - A resource was not available on any machine: start it in one of the jobs.
  - A -m or -k expression left the tests out in all jobs: run them in one.
  - This is intended: leave out --fail-on-ran-nowhere.""",
    ),
    "comparison": Explanation(
        "compare reports differences between two runs",
        """\
compare lists tests that need different resources in HEAD than in BASE, new and missing tests, new skips,
and seconds. With --fail-on-new it exits with 1 if tests newly need a resource.

What to do
  - The test does not have to use the resource: change it, or the code that it calls.
  - The new use is intended: leave out --fail-on-new for this change.
  - A resource is guarded in one report only: guard it in both runs.""",
    ),
    "reports": Explanation(
        "a report cannot be read, written, merged or compared",
        """\
merge, report, compare and fix read JSON reports (pytest --resource-guards-json=FILE), of this version or
an earlier one.

What to do
  - The file is not a report, or of another version: write it again with this version.
  - It cannot be written: check the path, the permissions and the free space.
  - Two reports do not fit together: both runs must have the same source, or be of projects in the same
    git repository.
  - An unknown format: --resource-guards-output takes FORMAT:PATH; the message lists the formats.
  - A format of a plugin failed: fix it at the place in the message.""",
    ),
    "fix": Explanation(
        "the fix cannot change a mark, or needs a change by hand",
        """\
The fix changes marks only where the source is clear, and only by what it saw. For everything else it
names the file, the line, the change and the reason.

What to do
  - "by hand": make the change as the message says.
  - Tests did not run: run all tests of the function, class or module in one run.
  - The file changed since the run: run the tests again.
  - The file cannot be written: check its permissions and its folder's.
  - The test cannot have a decorator: put the printed hook into its conftest.py.
  - A report of another directory: add --root=PATH.""",
    ),
    "discovery": Explanation(
        "discovery could not see, read or write something",
        """\
pytest --resource-guards-discover prints what the tests use and the settings to guard it, and =write adds
the settings to the project's file.

What to do
  - "Not seen" names what discovery does not see on this machine, and how to see it.
  - A file cannot be read or written: fix it, or copy the printed settings.
  - merge takes reports or discoveries, not both at once.""",
    ),
    "unreliable-run": Explanation(
        "some uses may be lost or counted for the wrong test, so the run fails",
        """\
Something kept guards from recording all uses, so verdicts may be wrong. The run fails, and the fix
changes nothing.

What to do
  - Tests overlap in one process (pytest-asyncio-cooperative, for example): run them one at a time.
  - A test or program changed the private directory of the guards: look for code that cleans, locks or
    replaces files in the temporary directory.
  - A process changed its user or root directory: use the resource before that.
  - The disk is full: free some space, or set TMPDIR to another directory.
  - A worker of xdist crashed: fix the crash.
  - Run the tests again.""",
    ),
    "cannot-start": Explanation(
        "guards cannot start on this machine",
        """\
Guards need a private directory in TMPDIR where files can be written, locked and (on Linux and macOS) run.

What to do
  - Set TMPDIR to a directory with free space, without a colon in its path, on a file system with locks
    that is not mounted noexec.
  - Raise the limit that the message names (ulimit -n, ulimit -f).""",
    ),
    "layer": Explanation(
        "a layer of guards is not live here",
        """\
Each layer sees one kind of use: shims on PATH, starts by Python, calls, connections, lookups, child
Pythons, and the native layer. Some layers need a system or a setting: shims need the shell of Linux and
macOS, child Pythons the installed wheel, the native layer Linux and resource_guards_native = true.
pytest --resource-guards-list shows each layer, and why one is not live.

A run without a layer sees less. It says so in the header. If resource_guards_require_layers names the
layer, the run stops before the first test.

What to do
  - Run the tests where the layer is live, or do what the message says to make it live.
  - You do not rely on the layer: remove it from resource_guards_require_layers.""",
    ),
    "native-layer": Explanation(
        "resource_guards_native = true does not work here",
        """\
The native layer is a small C library that sees programs which other programs start by their path. It
works on Linux, and needs a C compiler and the headers of the C library.

What to do
  - Debian and Ubuntu: apt-get install gcc libc6-dev. Or name a compiler in CC.
  - The library cannot be kept or loaded: set XDG_CACHE_HOME or TMPDIR as the message says.
  - Or remove the option: all other layers work without it.""",
    ),
    "missing-package": Explanation(
        "an option needs a package that is not installed",
        """\
The fix needs LibCST, and writing settings into a TOML file needs tomlkit. Guards do not need them.

What to do
  - pip install 'resource-guards[fix]'""",
    ),
    "internal-error": Explanation(
        "resource guards raised an unexpected error",
        """\
This is a bug in resource guards.

What to do
  - Please report it, with the line of the message and the versions in pytest's header.""",
    ),
}
