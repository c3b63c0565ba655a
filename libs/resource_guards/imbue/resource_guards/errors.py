"""All exceptions of resource guards.

::

    ResourceGuardError
    ├── ResourceGuardViolation         raised in the code under test when its call is blocked
    ├── ResourceGuardMisconfiguration  a guard is declared wrongly; pytest's hooks turn it into a
    │                                  pytest.UsageError, which pytest tells in one line
    └── JournalError                   what other processes saw is lost; it fails the run

    ResourceGuardWarning               a violation where the run only warns

The first two and the base have the names of resource-guards 0.1.x, kept for its users. A violation is an
`Exception` and not a `BaseException`, so that it unwinds an SDK's own clean-up as any other error
of that SDK would; code that swallows it gains nothing, since the use is recorded before it is
raised.
"""

from __future__ import annotations

import os


class ResourceGuardError(Exception):
    """Base of everything that resource guards raise."""


class ResourceGuardViolation(ResourceGuardError):  # noqa: N818 - the name that 0.1.x had
    """A test used a resource without its mark; the call was blocked.

    Attributes:
        resource: The name of the resource's mark, if it is known.
    """

    def __init__(self, message: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.resource = resource

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the resource when the exception is pickled, as a process pool does."""
        return type(self), (str(self), self.resource)


class ResourceGuardMisconfiguration(ResourceGuardError):  # noqa: N818 - as above
    """A guard, a mark or a fixture declaration is invalid; the message says what to do."""


class ResourceGuardWarning(UserWarning):
    """A violation that a run in the mode ``warn`` has seen."""


class JournalError(ResourceGuardError):
    """The journal cannot be trusted: it is gone, torn, or could not be written."""


def origin_of(error: BaseException) -> str:
    """``file:line`` of the code that raised, for an error that is reported in one line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119 - children load this, and pathlib takes its time
