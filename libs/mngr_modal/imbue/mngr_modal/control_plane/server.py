"""The program that a control plane runs as: ``python -m imbue.mngr_modal.control_plane.server LOG``.

It is made from the service definitions of the installed modal (``modal_proto``). It appends to LOG
the name of each RPC and HTTP request, prints its addresses as one line of JSON when it listens, and
ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

import trustme
from aiohttp import web
from grpclib.const import Cardinality
from grpclib.const import Handler
from grpclib.server import Server
from grpclib.server import Stream

from imbue.mngr_modal.control_plane.answers import BLOB
from imbue.mngr_modal.control_plane.answers import SAID
from imbue.mngr_modal.control_plane.answers import STREAM
from imbue.mngr_modal.control_plane.answers import Addresses
from imbue.mngr_modal.control_plane.answers import Answers
from imbue.mngr_modal.control_plane.answers import Fields

_HOST: Final = "127.0.0.1"
_SERVICES: Final = (
    "modal_proto.api_grpc:ModalClientBase",
    "modal_proto.task_command_router_grpc:TaskCommandRouterBase",  # from modal 1.2 on
)
_ONE_REPLY: Final = (Cardinality.UNARY_UNARY, Cardinality.STREAM_UNARY)


class Recorder:
    """Notes what has come.

    Args:
        log: The file, a line for each.
    """

    def __init__(self, log: Path) -> None:
        self._log = log

    def note(self, name: str) -> None:
        """Append a line."""
        with self._log.open("a") as file:
            file.write(f"{name}\n")


class State:
    """What all servers of one control plane share."""

    def __init__(self, log: Path) -> None:
        self.recorder = Recorder(log)
        self.answers = Answers()
        self.addresses = Addresses("", "", "")


def make_services(state: State) -> list[Any]:
    """The services of the installed modal, with a handler for each of their methods."""
    services = []
    for name in _SERVICES:
        module_name, _, class_name = name.partition(":")
        try:
            base = getattr(importlib.import_module(module_name), class_name)
        except ModuleNotFoundError:
            continue
        services.append(make_service(base, state))
    return services


def make_service(base: type[Any], state: State) -> Any:
    """An instance of a generated service's base class that answers every method."""
    methods: dict[str, Handler] = {}

    def answering(name: str) -> Any:
        async def answer(_self: Any, stream: Stream[Any, Any]) -> None:
            request = await stream.recv_message()
            state.recorder.note(name)
            method = methods[name]
            replies = state.answers.of(name, request, state.addresses)
            for fields in replies[:1] if method.cardinality in _ONE_REPLY else replies:
                reply = method.reply_type()
                fill(reply, fields)
                await stream.send_message(reply)

        return answer

    names = base.__abstractmethods__
    service = type(base.__name__, (base,), {name: answering(name) for name in names})()
    for path, handler in service.__mapping__().items():
        methods[path.rpartition("/")[2]] = handler
    return service


def fill(message: Any, fields: Fields) -> None:
    """Set those of `fields` that a protobuf message has."""
    for name, value in fields.items():
        if name not in message.DESCRIPTOR.fields_by_name:
            continue
        field = getattr(message, name)
        if isinstance(value, Mapping):
            field.SetInParent()
            fill(field, value)
        elif not isinstance(value, list):
            setattr(message, name, value)
        else:
            for item in value:
                if isinstance(item, Mapping):
                    fill(field.add(), item)
                else:
                    field.append(item)


async def handle_http(request: web.Request, state: State) -> web.Response:
    """Take what is uploaded, and give the same to whoever downloads."""
    body = await request.read()
    state.recorder.note(f"{request.method} {request.path}")
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest()  # as an S3 store has it
    answer = SAID if request.path == BLOB else json.dumps(STREAM).encode()
    return web.Response(body=answer, headers={"ETag": f'"{checksum}"'})


def make_tls() -> ssl.SSLContext:
    """A context for HTTP/2 with a certificate that nobody has signed but we."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(_HOST, "localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    return context


async def start_grpc(services: list[Any], tls: ssl.SSLContext | None) -> int:
    """Start a server on a port of its own, and tell which."""
    server = Server(services)
    await server.start(_HOST, 0, ssl=tls)
    listening: Any = server._server  # noqa: SLF001  # grpclib tells the port in no other way
    port: int = listening.sockets[0].getsockname()[1]
    return port


async def serve(log: Path) -> None:
    """Start the three servers and wait until standard input ends."""
    state = State(log)
    services = make_services(state)
    plain = await start_grpc(services, None)
    tls = await start_grpc(services, make_tls())
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", lambda request: handle_http(request, state))
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, _HOST, 0)
    await site.start()
    http = runner.addresses[0][1]
    state.addresses = Addresses(
        f"http://{_HOST}:{plain}", f"https://{_HOST}:{tls}", f"http://{_HOST}:{http}"
    )
    print(json.dumps(state.addresses._asdict()), flush=True)  # noqa: T201  # read by the caller
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
