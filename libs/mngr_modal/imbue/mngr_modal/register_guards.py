"""Modal guards: a test that uses Modal needs ``@pytest.mark.modal``.

They watch the ``modal`` program and the RPCs of Modal's Python client. Registering them imports
neither modal nor anything else, and may be done any number of times. In a conftest::

    pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]

or call :func:`register_modal_guards`.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from imbue.mngr_modal.rpc import is_modal_rpc
from imbue.resource_guards import resource_guards
from imbue.resource_guards.resource_guards import SdkTarget

if TYPE_CHECKING:
    from imbue.resource_guards.resource_guards import Registrar

SDK_TARGETS: Final = (
    # Whoever makes or is given a client comes by here first, before credentials are looked for and
    # anybody is connected to: without them the verdict is the same as with them, and as fast.
    SdkTarget(owner="modal.client", attribute="_check_config", optional=True),
    # Every RPC of the client opens its stream here, whichever of its wrappers or stubs is called;
    # the wrappers themselves have moved between modules from one release to another.
    SdkTarget(
        owner="grpclib.client:Channel", attribute="request", optional=True, when=is_modal_rpc
    ),
    # Until 1.1 what a process in a sandbox writes is fetched by a task in the background. When that
    # is blocked, whoever reads would wait for ever: reading is seen before it.
    SdkTarget(
        owner="modal.io_streams:_StreamReader", attribute="_get_logs", optional=True, quiet=True
    ),
    # What goes over plain HTTP, uploads and `modal.experimental.Stream` among it.
    SdkTarget(
        owner="modal._utils.http_utils:ClientSessionRegistry",
        attribute="get_session",
        optional=True,
    ),
)


def register_modal_guards(registrar: Registrar = resource_guards) -> None:
    """Guard the Modal program and client under one mark, ``modal``."""
    registrar.register_binary_guard("modal")
    registrar.register_sdk_guard("modal", targets=SDK_TARGETS)
    registrar.register_probe("modal", _probe)


def _probe() -> str | None:
    """Whether there is a client, and a token for it to log in with (modal.com/docs/reference/modal.config)."""
    if importlib.util.find_spec("modal") is None:
        return "the package 'modal' is not installed"
    config = Path(os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml").expanduser()
    if os.environ.get("MODAL_TOKEN_ID") or config.is_file():
        return None
    return f"there is no token: neither MODAL_TOKEN_ID nor {config}"


def register_modal_guard(registrar: Registrar = resource_guards) -> None:
    """The same as :func:`register_modal_guards`, by the name that 0.1.x had."""
    register_modal_guards(registrar)
