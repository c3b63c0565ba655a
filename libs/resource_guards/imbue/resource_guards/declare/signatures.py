"""What a function of a user's takes, without looking at its annotations."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


def signature_of(function: Callable[..., object]) -> inspect.Signature:
    """What a function takes.

    From Python 3.14 on its annotations are code that runs when somebody asks for their values (PEP 649), and may
    name what is only there for type checkers: they stay texts.

    Raises:
        TypeError: It is no function.
        ValueError: It does not say what it takes, as many in C do not.
    """
    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        options["annotation_format"] = Format.STRING
    return inspect.signature(function, **options)
