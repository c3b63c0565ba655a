"""What the messages about marks, contracts and availability mean, for ``explain``."""

from __future__ import annotations

from typing import Final
from typing import NamedTuple


class Explanation(NamedTuple):
    """What a kind of message means.

    Args:
        about: What has happened, for the list of all kinds.
        text: What it means, and what to do.
    """

    about: str
    text: str


OF_MARKS: Final = {
    "missing-mark": Explanation(
        "a test uses a resource without its mark",
        """\
A test used a resource without its mark: in the test itself, in a fixture that it depends on, or in a
process that one of them started. The call was blocked: the real program or SDK method did not run. The
test fails, even if it catches the error.

What to do
  - The test needs the resource: add @pytest.mark.NAME to the function, to its class, or to the module's
    pytestmark. If only some parameters need it, mark these: pytest.param(..., marks=pytest.mark.NAME).
  - The test should not use it: replace the call. The message names the command line or method, and the
    file and line of the call; "through sh > make" lists the processes between the test and the call.
  - A fixture made the call: each test that depends on the fixture needs the mark.
  - A fork of pytest's process made the call and did not exit: end the fork with os._exit().
  - Many tests are affected: pytest --resource-guards-fix=diff shows all changes, =write makes them.

A test that only checks whether a program is installed (shutil.which) does not use it.""",
    ),
    "superfluous-mark": Explanation(
        "a test has a mark, but did not use the resource",
        """\
A test has the mark of a resource and passed, but neither the test nor its fixtures nor a process that
they started used the resource. So pytest -m "not NAME" leaves the test out, although it does not need
the resource.

What to do
  - The test does not need the resource: remove the mark. If a class or module has the mark and some of
    its tests need it, move the mark to these tests.
  - The test should use it, but a mock, an early return or a cache prevents that: fix the test.
  - The test uses it in a way that guards do not see, such as a statically linked program, or a server
    that was running before: docs/what-is-seen.md has a list. pytest --resource-guards-list shows which
    layers are live on this machine.
  - The test uses it only on some machines: write @pytest.mark.NAME(optional=True), or skip the test
    on the other machines, or set resource_guards_warn = superfluous:NAME.

Failed and skipped tests are not checked for superfluous marks.""",
    ),
    "fixture-undeclared": Explanation(
        "a fixture uses a resource that its @fixture_uses_resources does not name",
        """\
A fixture with @fixture_uses_resources used a resource that the decorator does not name. The call was
blocked, whatever marks the tests have: the decorator lists everything that the fixture may use.

What to do
  - The fixture needs the resource: add its name to @fixture_uses_resources. Tests that depend on the
    fixture need the mark as well.
  - The fixture should not use it: remove the call.""",
    ),
    "fixture-unused": Explanation(
        "a fixture did not use a resource that its @fixture_uses_resources names",
        """\
A fixture names a resource in its @fixture_uses_resources, but did not use it in setup or teardown.

What to do
  - Remove the name; if it is the only one, remove the decorator.
  - The fixture uses the resource only sometimes (it has a cache, for example): remove the decorator.
    What the fixture uses then counts for the tests that depend on it.""",
    ),
    "some-parameters": Explanation(
        "only some parameters of a test need the mark",
        """\
A parametrized test used a resource for some of its parameters only. A mark on the function would be
superfluous for the others.

What to do
  - Mark the parameters that the message names: pytest.param(..., marks=pytest.mark.NAME).
  - pytest --resource-guards-fix=write does this if the parameters are a plain list in the source.""",
    ),
    "optional-mark": Explanation(
        "a test uses a resource in some runs only, or a mark has unknown arguments",
        """\
@pytest.mark.NAME(optional=True) is for a test that uses a resource only sometimes: the test may use it,
and the mark is never superfluous. The mark of a guarded resource takes no other argument.

What to do
  - A report shows that a test used the resource in one run but not in another: add (optional=True), or
    find out why the runs differ.
  - The mark has another argument: remove it.""",
    ),
    "late-use": Explanation(
        "a process or thread used a resource after its test had ended",
        """\
A test left a process or thread running, which used a resource after the test had ended. The use counts
for that test. If the test has the mark, the use is allowed. If not, the use is blocked and the run fails.
One exception: while a test with the mark is running, a thread is not blocked, since the two may share a
connection pool. The run fails anyway.

What to do
  - End the process or thread in the test, or in the teardown of the fixture that started it.
  - If it has to keep running, add the mark to the test that starts it.
  - The message says that a process lost the variables of its test: pass the environment on to it.""",
    ),
    "used-in-collection": Explanation(
        "a resource was used while tests were collected",
        """\
A module, a conftest or a hook used a resource during collection, before any test ran. Each run that
collects it needs the resource, even with pytest -m "not NAME".

What to do
  - Move the call into a fixture or a test.
  - The call is a deliberate check: put it into "with unguarded():", or decorate its function with
    @unguarded() (from imbue.resource_guards).""",
    ),
    "not-available": Explanation(
        "tests were skipped because their resource is not available here",
        """\
With resource_guards_unavailable = "skip", tests whose resource is not available on this machine are
skipped. The message has the reason: a program is not on PATH, a package is not installed, nothing
answers at an address, or a probe has failed.

What to do
  - Start or install the resource, and run the tests again.
  - A run that must not skip them, in CI for example: --resource-guards-require=NAME.
  - The check is wrong: set another one, [tool.resource_guards.NAME] probe = "...".
  - A fixture starts the resource: use a probe that checks whether the fixture can start it.""",
    ),
    "required": Explanation(
        "a required resource is not available, so no test ran",
        """\
resource_guards_require, or --resource-guards-require, names a resource that is not available, or that
nothing can check. The run stops before the first test, so that CI does not pass without these tests.

What to do
  - Start or install the resource; the message has the reason.
  - Nothing can check it: give it a probe, [tool.resource_guards.NAME] probe = "...".
  - The check is wrong, for example because the server has another port: write another one,
    [tool.resource_guards.NAME] probe = "connect:HOST:PORT".
  - This run does not need it: remove it from resource_guards_require.""",
    ),
    "probe": Explanation(
        "the check whether a resource is available does not work",
        """\
A probe checks whether a resource is available. It is a command, connect:HOST:PORT, connect:unix:PATH,
program:NAME, package:NAME, module:function, or a list of these. A function takes no arguments, and
returns None or the reason as a string.

What to do
  - Write the probe in one of these forms; a command runs without a shell.
  - Check that the tests can import the module, and that the function has the name in the message.
  - register_probe() needs the name of a guarded resource.
  - A probe that takes longer than 2 seconds: set resource_guards_probe_seconds.""",
    ),
}
