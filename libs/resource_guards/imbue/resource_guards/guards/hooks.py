"""Guard an SDK by functions that patch it themselves, and call `enforce_sdk_guard` from their patch.

They are not there for child Pythons, whose copy of the SDK nobody has patched.
"""

from __future__ import annotations

from imbue.resource_guards.guard import SDK
from imbue.resource_guards.guard import Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from contextlib import ExitStack
    from typing import Any
    from typing import Final

    from imbue.resource_guards.model import Resource

INSTALLED: Final[list[Hooks]] = []
"""Those that are in place; pytest in pytest may share them."""


class Hooks(Guard):
    """A guard that patches by itself.

    Args:
        start: Puts the patch in place.
        end: Takes it out.
    """

    __slots__ = ("end", "start")

    kind = "hooks"
    layers = (SDK,)

    def __init__(self, start: Callable[[], object], end: Callable[[], object]) -> None:
        self.start = start
        self.end = end

    @property
    def key(self) -> tuple[Callable[[], object], Callable[[], object]]:
        """Both functions."""
        return self.start, self.end

    @property
    def title(self) -> str:
        """The install function as a user would write it."""
        name = getattr(self.start, "__qualname__", None) or repr(self.start)
        return f"{getattr(self.start, '__module__', '?')}:{name}"

    def install(self, resource: Resource, process: Any, undo: ExitStack) -> None:
        """Call the install function, if the pytest around this one has not.

        Raises:
            ResourceGuardMisconfiguration: It raised.
        """
        if self in INSTALLED:
            return  # `enforce_sdk_guard` reaches both
        from contextlib import suppress

        from imbue.resource_guards.errors import ResourceGuardMisconfiguration
        from imbue.resource_guards.messages import intercept as messages

        try:
            self.start()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            with suppress(Exception):  # what it had done before it failed
                self.end()
            raise ResourceGuardMisconfiguration(
                messages.install_failed(resource, self, error)
            ) from error
        INSTALLED.append(self)

        def uninstall() -> None:
            INSTALLED.remove(self)
            try:
                self.end()
            except Exception as error:  # noqa: BLE001 - the others must be undone whatever it is
                process.complain(messages.cleanup_function_failed(resource, self, error))

        undo.callback(uninstall)

    def sight(self) -> str:
        """Other processes do not have its functions."""
        return "this process, and its forks, alone"

    @classmethod
    def describe(cls, guards: Sequence[Hooks]) -> Iterator[Sequence[str]]:
        """Nothing is known of what they patch."""
        for guard in guards:
            yield [f"its own patches, by {guard.title}"]
