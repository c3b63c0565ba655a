"""How a test gets a missing mark."""

from __future__ import annotations

from typing import NamedTuple

from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.violations import BY_HOOK

GENERATED = "pytest_generate_tests"
PARAMETRIZE = "parametrize"


class Known(NamedTuple):
    """What is known of a test.

    Args:
        place: The line of its definition, or assignment; empty where that is not known.
        is_function: It is a function, and not an item such as a doctest.
        is_lambda: It is a lambda, which cannot have a mark.
        is_assigned: It is the value of an assignment, which cannot have a decorator.
        heir: The class that inherits it, if it is inherited.
        heirs_place: The line of that class; empty where that is not known.
        origins: Where its sets of parameters are made, if there are several sets.
    """

    place: str = ""
    is_function: bool = True
    is_lambda: bool = False
    is_assigned: bool = False
    heir: str = ""
    heirs_place: str = ""
    origins: tuple[str, ...] = ()


def to_add(resource: str, test: Known) -> str:
    """What to do, as the beginning of a sentence: from the least that gets the mark to the most."""
    mark = f"@pytest.mark.{resource}"
    advice = _for_all(mark, test)
    if test.heir:
        at = f" at {test.heirs_place}" if test.heirs_place else ""
        heir = f"add {mark} to class {test.heir}{at}, which inherits the test"
        advice = f"{heir}, or, if all classes that inherit it need it, {advice}"
    if test.origins:
        few = f"add marks={mark[1:]} to its pytest.param in {' or in '.join(test.origins)}"
        advice = f"{few}, or, if all of its parameters need it, {advice}"
    return advice


def _for_all(mark: str, test: Known) -> str:
    """How the function gets the mark, with all its parameters and in all classes."""
    if not test.is_function:
        return BY_HOOK
    at = f" at {test.place}" if test.place else ""
    if test.is_lambda:
        return f"rewrite the lambda{at} as a def, and add {mark} above it"
    if test.is_assigned:
        return f"wrap the assigned value{at} in {mark[1:]}(...)"
    return f"add {mark}{f' above {test.place}' if test.place else ' to the test'}"


def params_of_fixture(name: str, place: str) -> str:
    """Where the parameters of a fixture are made."""
    return shown(f"the params of fixture '{name}'{f' at {place}' if place else ''}")
