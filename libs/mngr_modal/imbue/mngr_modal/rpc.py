"""Which gRPC calls are Modal's. Imports nothing, since child Pythons load it too."""

from __future__ import annotations

from typing import Any


def is_modal_rpc(_channel: Any, name: str, *_args: Any, **_kwargs: Any) -> bool:
    """Whether a call of ``grpclib.client.Channel.request`` is one of Modal's RPCs.

    `name` is the path of the gRPC method, ``/modal.client.ModalClient/AppList``; other users of
    grpclib have other packages in it.
    """
    return name.startswith("/modal.")
