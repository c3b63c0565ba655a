"""The few things that pytest knows and does not offer in public, each in one function.

No other module imports `_pytest`. Tried with pytest 8.4 and 9; `tests/test_pytest_internals.py` fails
when one of them moves. `parameters` is not imported from here, since few sessions need it.
"""

from __future__ import annotations

from imbue.resource_guards.pytest_internals.failures import crash_of
from imbue.resource_guards.pytest_internals.failures import is_pytests_own as is_pytests_own_failure
from imbue.resource_guards.pytest_internals.failures import made_failure
from imbue.resource_guards.pytest_internals.failures import say_in_summary
from imbue.resource_guards.pytest_internals.failures import told_first
from imbue.resource_guards.pytest_internals.failures import with_lines
from imbue.resource_guards.pytest_internals.fixtures import Definitions
from imbue.resource_guards.pytest_internals.fixtures import all_depend_on
from imbue.resource_guards.pytest_internals.fixtures import asks_for_the_request
from imbue.resource_guards.pytest_internals.fixtures import display_name
from imbue.resource_guards.pytest_internals.fixtures import finalizer_count
from imbue.resource_guards.pytest_internals.fixtures import got_by
from imbue.resource_guards.pytest_internals.fixtures import have_failed
from imbue.resource_guards.pytest_internals.fixtures import is_pytests_own
from imbue.resource_guards.pytest_internals.fixtures import is_visible_below
from imbue.resource_guards.pytest_internals.fixtures import keep_last_finalizer
from imbue.resource_guards.pytest_internals.fixtures import leave_alone
from imbue.resource_guards.pytest_internals.fixtures import requesters
from imbue.resource_guards.pytest_internals.fixtures import tell_each_ask
from imbue.resource_guards.pytest_internals.fixtures import tell_each_request
from imbue.resource_guards.pytest_internals.fixtures import tell_what_they_got
from imbue.resource_guards.pytest_internals.hooks import configured
from imbue.resource_guards.pytest_internals.hooks import forget_plugins
from imbue.resource_guards.pytest_internals.hooks import is_builtin
from imbue.resource_guards.pytest_internals.hooks import is_outermost
from imbue.resource_guards.pytest_internals.hooks import names_of_settings
from imbue.resource_guards.pytest_internals.hooks import put_around_pytests_own
from imbue.resource_guards.pytest_internals.hooks import third_party_wrappers
from imbue.resource_guards.pytest_internals.hooks import who_runs_tests
from imbue.resource_guards.pytest_internals.hooks import writer_of
from imbue.resource_guards.pytest_internals.items import argument_names
from imbue.resource_guards.pytest_internals.items import captured_of
from imbue.resource_guards.pytest_internals.items import class_with
from imbue.resource_guards.pytest_internals.items import has_own_finalizers
from imbue.resource_guards.pytest_internals.items import may_have_subtests
from imbue.resource_guards.pytest_internals.items import parameters_behind
from imbue.resource_guards.pytest_internals.items import skipped_where_it_stands
from imbue.resource_guards.pytest_internals.items import skips_itself
from imbue.resource_guards.pytest_internals.items import static_fixtures

__all__ = [
    "Definitions",
    "all_depend_on",
    "argument_names",
    "asks_for_the_request",
    "captured_of",
    "class_with",
    "configured",
    "crash_of",
    "display_name",
    "finalizer_count",
    "forget_plugins",
    "got_by",
    "has_own_finalizers",
    "have_failed",
    "is_builtin",
    "is_outermost",
    "is_pytests_own",
    "is_pytests_own_failure",
    "is_visible_below",
    "keep_last_finalizer",
    "leave_alone",
    "made_failure",
    "may_have_subtests",
    "names_of_settings",
    "parameters_behind",
    "put_around_pytests_own",
    "requesters",
    "say_in_summary",
    "skipped_where_it_stands",
    "skips_itself",
    "static_fixtures",
    "tell_each_ask",
    "tell_each_request",
    "tell_what_they_got",
    "third_party_wrappers",
    "told_first",
    "who_runs_tests",
    "with_lines",
    "writer_of",
]
