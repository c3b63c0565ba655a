"""What is wrong with an opener."""

from __future__ import annotations

from collections.abc import Iterable

from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.model import SdkTarget


def opener_unreadable(label: str, text: str, packages: Iterable[str]) -> str:
    """A text that is neither a function nor one of the packages."""
    packages = list(packages)
    return (
        f"Resource guard '{label}': cannot read the opener {text!r}{nearest(text, packages) or '.'} Write "
        f"'package.module:Class.method' or 'package.module:function', which opens the connections, or one of the "
        f"packages {quoted(packages)}."
    )


def loopback_bad(label: str, value: object) -> str:
    """A wrong value of ``loopback``."""
    return (
        f"Resource guard '{label}': loopback is {value!r}. Write true, or false if connections of its openers on "
        f"this machine do not count."
    )


def opener_is_no_function(target: SdkTarget) -> str:
    """An opener that is called in another way."""
    return (
        f"the opener {target.title} is neither a function nor a method. Name one that opens the connection, or "
        f"guard it as a call."
    )


def opener_is_generator(target: SdkTarget) -> str:
    """An opener whose body runs in turns with its caller's."""
    return (
        f"the opener {target.title} is a generator, which runs in turns with its caller. Name "
        f"the function that runs it."
    )
