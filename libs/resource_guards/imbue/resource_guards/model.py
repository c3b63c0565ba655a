"""The frozen vocabulary that every stage shares: resources, uses and violations.

Nothing here does anything; a module of any stage may import it, and it imports no stage. What users do not
make themselves is no dataclass, since each guarded session makes the classes anew: a frozen one takes 4.7 million
instructions, a named tuple one million, and a plain class with slots a tenth of that. So what is neither compared
nor changed into another is a plain class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import NamedTuple

from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.kinds import ViolationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkTarget:
    """A function that calls of an SDK go through: an attribute of a class or module.

    Args:
        owner: The class or module object, or ``"package.module"`` / ``"package.module:Class"``;
            a string is resolved when its module is first imported.
        attribute: The name of the method or function in the owner.
        kind: How it is called; with ``None`` this is detected.
        optional: If it does not exist, leave it out and do not fail.
        quiet: For an optional target: do not report that it is missing, because only some versions of
            the SDK have it.
        when: Takes a call's arguments, and returns whether the call is a use; with `None` each call is one.
    """

    owner: Any
    attribute: str
    kind: MethodKind | None = None
    optional: bool = False
    quiet: bool = False
    when: Callable[..., bool] | None = None

    @property
    def title(self) -> str:
        """The target as a user would write it, ``docker.api.client:APIClient.send``."""
        if isinstance(self.owner, str):
            return f"{self.owner}{'.' if ':' in self.owner else ':'}{self.attribute}"
        module = getattr(self.owner, "__module__", None)
        name = getattr(self.owner, "__qualname__", None) or self.owner.__name__
        return f"{module}:{name}.{self.attribute}" if module else f"{name}:{self.attribute}"


class Resource:
    """An external thing that a test can need, and the guards that see it used.

    Args:
        name: The name of its pytest mark, a Python identifier.
        label: The name as it was registered; it may have hyphens or dots.
        origin: ``file:line`` of the first registration, or what has made it if no code of the user's.
        guards: What sees it used.
    """

    __slots__ = ("guards", "label", "name", "origin")

    def __init__(self, name: str, label: str, origin: str, guards: tuple[Guard, ...] = ()) -> None:
        self.name = name
        self.label = label
        self.origin = origin
        self.guards = guards


class Use(NamedTuple):
    """One observed attempt to use a resource.

    Args:
        resource: The resource's mark name.
        allowed: Whether the scope allowed it; a use that was not allowed has been blocked.
        layer: Which interceptor saw it.
        what: The command line, or the SDK target that was called.
        where: ``file:line`` of the call where it is known, else an empty string.
        pid: The process in which it was seen.
        through: Of a use that was blocked in another process: the names of the processes between
            pytest's and the program, ``sh > make``; empty if there are none.
        fixture: The fixture of the one test that it is charged to, which made it when it was set up.
    """

    resource: str
    allowed: bool
    layer: Layer
    what: str
    where: str = ""
    pid: int = 0
    through: str = ""
    fixture: str = ""


class Doubt(NamedTuple):
    """Why it cannot be known that a test did not use a resource.

    Args:
        library: What may have used it unseen, as messages call it.
        targets: The calls that a guard would have to watch, if they can be watched.
    """

    library: str
    targets: tuple[str, ...] = ()


class Violation(NamedTuple):
    """One disagreement between what was declared and what was used.

    Args:
        kind: Which of the four.
        resource: The resource's mark name.
        uses: The uses that show it; empty where the point is that there was none.
        fixture: The fixture at fault, or through which the test used the resource.
        after_block: Another call of the test was blocked, so that it may not have come this far.
        places: Where the line to add or to remove is, for people to read.
        advice: How the test gets the mark that it lacks, for people to read; empty where that is not known.
    """

    kind: ViolationKind
    resource: str
    uses: tuple[Use, ...] = ()
    fixture: str | None = None
    after_block: bool = False
    places: tuple[str, ...] = ()
    advice: str = ""
