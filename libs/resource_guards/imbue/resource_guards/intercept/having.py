"""A condition that stands behind a target, in brackets: ``sdk.endpoint:Endpoint.send[service=s3]``."""

from __future__ import annotations

import re
from typing import Any
from typing import Final

_FORM: Final = re.compile(r"(?P<target>[^\[]*)\[(?P<name>[A-Za-z_][\w.]*)=(?P<value>[^\[\]=]+)\]")


class Having:
    """Takes a call for a use only where the object that it is made on has an attribute with a value.

    Args:
        name: The attribute, with dots where it is an attribute of another.
        value: The value, as text.
    """

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def __reduce__(self) -> tuple[type[Having], tuple[str, str]]:
        return Having, (self.name, self.value)

    def __call__(self, *args: Any, **_: Any) -> bool:
        """Whether the first argument has it."""
        found: Any = args[0] if args else None
        for name in self.name.split("."):
            found = getattr(found, name, None)
        return str(found) == self.value

    def __str__(self) -> str:
        return f"[{self.name}={self.value}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Having) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))


def split(text: str) -> tuple[str, Having | None]:
    """A target and the condition behind it, if there is one."""
    found = _FORM.fullmatch(text)
    return (found["target"], Having(found["name"], found["value"])) if found else (text, None)
