"""Modal guards: a test that uses Modal needs ``@pytest.mark.modal``.

They watch the ``modal`` program and the RPCs of Modal's Python client. Registering them imports
neither modal nor anything else, and may be done any number of times. In a conftest::

    pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]

or call :func:`register_modal_guards`.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from imbue.resource_guards import resource_guards
from imbue.resource_guards.resource_guards import Registrar
from imbue.resource_guards.resource_guards import SdkTarget


def is_modal_rpc(_channel: Any, name: str, *_args: Any, **_kwargs: Any) -> bool:
    """Whether a call of ``grpclib.client.Channel.request`` is one of Modal's RPCs.

    `name` is the path of the gRPC method, ``/modal.client.ModalClient/AppList``; other users of
    grpclib have other packages in it.
    """
    return name.startswith("/modal.")


# Every RPC of the client opens its stream here, whichever of its wrappers or stubs is called; the
# wrappers themselves have moved between modules from one release to another.
SDK_TARGETS: Final = (
    SdkTarget("grpclib.client:Channel", "request", optional=True, when=is_modal_rpc),
)


def register_modal_guards(registrar: Registrar = resource_guards) -> None:
    """Guard the Modal program and client under one mark, ``modal``."""
    registrar.register_resource_guard("modal")
    registrar.register_sdk_guard("modal", targets=SDK_TARGETS)


def register_modal_guard(registrar: Registrar = resource_guards) -> None:
    """The same as :func:`register_modal_guards`, by the name that 0.1.x had."""
    register_modal_guards(registrar)
