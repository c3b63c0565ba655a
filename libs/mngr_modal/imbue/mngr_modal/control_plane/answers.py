"""What a control plane answers, where an empty message would not do for the client."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import NamedTuple

from modal_proto import api_pb2

SAID: Final = b"hello from the sandbox\n"
"""What each process in a sandbox writes, and what each file has."""
BLOB: Final = "/blob"
"""The path of each blob."""
STREAM: Final = {
    "head_seq": 0,
    "sealed": False,
    "created_ts_us": 0,
    "last_event_ts_us": 0,
    "expires_ts_us": None,
}
"""What is said of each `modal.experimental.Stream`."""
RESULT: Final = 42
"""What each remote function returns."""

_FAR_FUTURE: Final = 4102444800
_STDOUT: Final = 1
_DONE: Final = {"status": api_pb2.GenericResult.GENERIC_STATUS_SUCCESS}
_PICKLED: Final = {"data_format": api_pb2.DATA_FORMAT_PICKLE}

Fields = Mapping[str, Any]
"""The fields of a reply; those that the installed version does not have are left out."""


class Addresses(NamedTuple):
    """Where a control plane is listening."""

    plain: str
    """The client's server, ``http://127.0.0.1:4711``."""
    tls: str
    """The same services over TLS, for the router of a sandbox's commands."""
    http: str
    """Blobs, and whatever else goes over plain HTTP."""


class Answers:
    """The answers of one control plane, which keeps what is put into its dicts and queues."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._queue: list[bytes] = []
        self._functions: dict[str, Callable[[Any, Addresses], Fields]] = {
            "AuthTokenGet": lambda _request, _at: {"token": _token()},
            "BlobCreate": _blob_create,
            "BlobGet": lambda _request, at: {"download_url": f"{at.http}{BLOB}"},
            "DictContains": lambda request, _at: {"found": request.key in self._kept},
            "DictGet": self._dict_get,
            "DictLen": lambda _request, _at: {"len": len(self._kept)},
            "DictUpdate": self._dict_update,
            "FunctionGetOutputs": _function_outputs,
            "FunctionMap": _function_map,
            "MountPutFile": _mount_file,
            "QueueGet": self._queue_get,
            "QueueLen": lambda _request, _at: {"len": len(self._queue)},
            "QueuePut": self._queue_put,
            "SandboxCreateV2": _sandbox_v2,
            "SandboxGetCommandRouterAccess": _router_access,
            "TaskGetCommandRouterAccess": _router_access,
            "VolumeGetFile2": _volume_file,
        }

    def of(self, method: str, request: Any, at: Addresses) -> list[Fields]:
        """The replies to an RPC: one, or for a stream any number.

        Args:
            method: The method's own name, ``AppList``.
            request: The message that came.
            at: Where this control plane is listening.
        """
        if method in self._functions:
            return [self._functions[method](request, at)]
        return _STREAMS.get(method) or [_CONSTANTS.get(method, {})]

    def _dict_update(self, request: Any, _at: Addresses) -> Fields:
        self._kept.update((entry.key, entry.value) for entry in request.updates)
        return {"created": True}

    def _dict_get(self, request: Any, _at: Addresses) -> Fields:
        if request.key not in self._kept:
            return {"found": False}
        return {"found": True, "value": self._kept[request.key]}

    def _queue_put(self, request: Any, _at: Addresses) -> Fields:
        self._queue.extend(request.values)
        return {}

    def _queue_get(self, request: Any, _at: Addresses) -> Fields:
        taken = self._queue[: request.n_values]
        del self._queue[: request.n_values]
        return {"values": taken}


def _token() -> str:
    """A token in the form that the client reads an expiry from: a JSON Web Token's."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": _FAR_FUTURE}).encode())
    return f"header.{claims.decode().rstrip('=')}.signature"


def _blob_create(_request: Any, at: Addresses) -> Fields:
    url = f"{at.http}{BLOB}"
    one = {"upload_url": url, "blob_id": "bl-1"}
    return {**one, "blob_ids": ["bl-1"], "upload_urls": {"items": [url]}}


def _mount_file(request: Any, _at: Addresses) -> Fields:
    return {"exists": bool(request.data or request.data_blob_id)}


def _sandbox_v2(request: Any, at: Addresses) -> Fields:
    return {**_SANDBOX, "command_router_access": _router_access(request, at)}


def _router_access(_request: Any, at: Addresses) -> Fields:
    return {"url": at.tls, "jwt": _token()}


def _volume_file(_request: Any, at: Addresses) -> Fields:
    return {"get_urls": [f"{at.http}{BLOB}"], "size": len(SAID), "len": len(SAID)}


def _function_map(request: Any, _at: Addresses) -> Fields:
    inputs = [
        {"idx": item.idx, "input_id": f"in-{item.idx}", "input_jwt": _token()}
        for item in request.pipelined_inputs
    ]
    return {
        "function_call_id": "fc-1",
        "function_call_jwt": _token(),
        "pipelined_inputs": inputs,
        "max_inputs_outstanding": 1000,
    }


def _function_outputs(_request: Any, _at: Addresses) -> Fields:
    result = {**_DONE, "data": pickle.dumps(RESULT)}
    output = {"idx": 0, "input_id": "in-0", "result": result, **_PICKLED}
    return {"outputs": [output], "idxs": [0], "last_entry_id": "1-0"}


_FUNCTION: Final = {
    "function_name": "a_function",
    "function_type": api_pb2.Function.FUNCTION_TYPE_FUNCTION,
    "definition_id": "de-1",
}
_SANDBOX: Final = {"sandbox_id": "sb-1", "task_id": "ta-1V"}

_CONSTANTS: Final[dict[str, Fields]] = {
    "AppCreate": {"app_id": "ap-1"},
    "AppGetByDeploymentName": {"app_id": "ap-1"},
    "AppGetOrCreate": {"app_id": "ap-1"},
    "AppList": {
        "apps": [
            {"app_id": "ap-1", "description": "an-app", "state": api_pb2.APP_STATE_DEPLOYED},
        ]
    },
    "ContainerExec": {"exec_id": "ce-1"},
    "ContainerExecWait": {"exit_code": 0, "completed": True},
    "ContainerFilesystemExec": {"exec_id": "fe-1", "file_descriptor": "1"},
    "DictGetOrCreate": {"dict_id": "di-1"},
    "EnvironmentGetOrCreate": {
        "environment_id": "en-1",
        "metadata": {"name": "main", "settings": {"image_builder_version": "2024.10"}},
    },
    "FunctionBindParams": {"bound_function_id": "fu-1", "handle_metadata": _FUNCTION},
    "FunctionCreate": {"function_id": "fu-1", "handle_metadata": _FUNCTION},
    "FunctionGet": {
        "function_id": "fu-1",
        "handle_metadata": _FUNCTION,
        "function": {"ranked_functions": [{"function": {"function_name": "a_function"}}]},
    },
    "FunctionPrecreate": {"function_id": "fu-1", "handle_metadata": _FUNCTION},
    "ImageGetOrCreate": {"image_id": "im-1", "result": _DONE},
    "MountGetOrCreate": {"mount_id": "mo-1"},
    "QueueGetOrCreate": {"queue_id": "qu-1"},
    "SandboxCreate": _SANDBOX,
    "SandboxGetTaskId": _SANDBOX,
    "SandboxGetTaskIdV2": _SANDBOX,
    "SandboxStdinWrite": {},
    "SandboxWait": {"result": _DONE},
    "SandboxWaitV2": {"result": _DONE},
    "SecretGetOrCreate": {"secret_id": "st-1"},
    "SecretList": {
        "items": [{"label": "a-secret", "environment_name": "main", "secret_id": "st-1"}]
    },
    "TaskExecPoll": {"code": 0},
    "TaskExecWait": {"code": 0},
    "VolumeGetFile": {"data": SAID, "size": len(SAID), "len": len(SAID)},
    "VolumeGetOrCreate": {"volume_id": "vo-1"},
}

_STREAMS: Final[dict[str, list[Fields]]] = {
    "ContainerExecGetOutput": [
        {"batch_index": 1, "items": [{"file_descriptor": _STDOUT, "message_bytes": SAID}]},
        {"batch_index": 2, "exit_code": 0},
    ],
    "ContainerFilesystemExecGetOutput": [{"output": [SAID], "batch_index": 1}, {"eof": True}],
    "SandboxGetLogs": [{"items": [{"data": SAID.decode()}], "entry_id": "1-0"}, {"eof": True}],
    "SandboxStdioReadV2": [{"data": SAID}],
    "TaskExecStdioRead": [{"data": SAID}],
}
