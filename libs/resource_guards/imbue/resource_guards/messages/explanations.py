"""More about each violation than its message says, for ``python -m imbue.resource_guards explain``."""

from __future__ import annotations

from typing import Final

from imbue.resource_guards.kinds import ViolationKind

TOPICS: Final = {
    ViolationKind.MISSING_MARK: "missing-mark",
    ViolationKind.SUPERFLUOUS_MARK: "superfluous-mark",
    ViolationKind.FIXTURE_UNDECLARED_USE: "fixture-undeclared",
    ViolationKind.FIXTURE_UNUSED_DECLARATION: "fixture-unused",
}


EXPLAIN_HELP: Final = "say more about a kind of violation."


EXPLANATIONS: Final = {
    TOPICS[ViolationKind.MISSING_MARK]: """\
A test, a fixture that it depends on, or a process that one of them has started used a resource that the
test has no mark of. The call was blocked: the real program did not run, or the SDK's method did not, and
the test fails, whatever it did with the error.

What to do
  - It needs the resource: add the mark, @pytest.mark.NAME, to the function, its class or the module's
    pytestmark. Of a parametrised test of which only some values need it, give it to these:
    pytest.param(..., marks=pytest.mark.NAME).
  - It should not: replace the call, or what makes it. The message names the command line or method and
    the file and line of the call; "through sh > make" are the processes between the test and the call.
  - A fixture made the call: each test that depends on it needs the mark, in whatever order they run.
  - There are many: pytest --resource-guards-fix=diff shows, and =write makes, all the changes.

A test that only asks whether a program is there (shutil.which) does not use it.""",
    TOPICS[ViolationKind.SUPERFLUOUS_MARK]: """\
A test has the mark of a resource, passed, and never used it: not itself, not by its fixtures, not in a
process that it started. The mark leaves it out of pytest -m "not NAME" for no reason.

What to do
  - Remove the mark from what it stands on. Where a class or module has it and others of its tests need
    it, move it down to those.
  - It should use the resource, and something keeps it from doing so (a mock, an early return, a cache):
    that is the defect that the mark has found.
  - It does use it in a way that is not seen, such as a statically linked program that starts another by
    its path, or a server that was up before the run: docs/what-is-seen.md lists what is and what is not,
    and pytest --resource-guards-list shows what is live on this machine.
  - It does so only on some machines or at some times: skip it where it does not (a skipped test is not
    judged), or set resource_guards_warn = superfluous:NAME.

Failed and skipped tests are never judged so.""",
    TOPICS[ViolationKind.FIXTURE_UNDECLARED_USE]: """\
A fixture with @fixture_uses_resources used a resource that its declaration does not name. The call was
blocked: the declaration is a contract, and holds whatever the tests are marked with.

What to do
  - Add the name to the declaration; the tests that depend on the fixture need the mark, too.
  - Or take the call out of the fixture.""",
    TOPICS[ViolationKind.FIXTURE_UNUSED_DECLARATION]: """\
A fixture names a resource in its @fixture_uses_resources and did not use it, neither when it was set up
nor when it was torn down.

What to do
  - Remove the name from the declaration, or the decorator with its last name.
  - Where the fixture uses it only at times (it finds a cached result, say), leave the decorator off:
    what it does is then charged to the tests that depend on it.""",
}
