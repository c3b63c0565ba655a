"""Docker guards: a test that uses Docker needs ``@pytest.mark.docker``.

They watch the ``docker`` and ``docker-compose`` programs, docker-py, and every connection to the
engine. Registering them imports neither docker-py nor anything else, and may be done any number of
times. In a conftest::

    pytest_plugins = ["imbue.mngr.pytest_plugin"]

or, for one's own choice of guards, call one of the functions below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from imbue.mngr.engine import is_engine_address
from imbue.mngr.engine import is_engine_request
from imbue.resource_guards import resource_guards
from imbue.resource_guards.resource_guards import SdkTarget

if TYPE_CHECKING:
    from imbue.resource_guards.resource_guards import Registrar

BINARIES: Final = (
    "docker",
    "docker-compose",
    # Those that the docker programs and docker-py run to log in (the last part is `credsStore` or
    # one of `credHelpers` in Docker's config.json).
    "docker-credential-desktop",
    "docker-credential-ecr-login",
    "docker-credential-gcloud",
    "docker-credential-gcr",
    "docker-credential-osxkeychain",
    "docker-credential-pass",
    "docker-credential-secretservice",
)

SDK_TARGETS: Final = (
    # The lowest place through which all requests of docker-py and other users of requests go,
    # APIClient.send's and those that go round it. Libraries that mock HTTP answer above it, so
    # that what they answer is no use. docker-py imports urllib3.
    SdkTarget(
        owner="urllib3.connectionpool:HTTPConnectionPool",
        attribute="urlopen",
        optional=True,
        when=is_engine_request,
    ),
    # What docker-py does without urllib3: attach over a websocket, log in to SSH (while the client
    # is made), run a credential helper.
    SdkTarget(
        owner="docker.api.client:APIClient", attribute="_create_websocket_connection", optional=True
    ),
    SdkTarget(owner="docker.transport.sshconn:SSHHTTPAdapter", attribute="_connect", optional=True),
    SdkTarget(owner="docker.credentials.store:Store", attribute="_execute", optional=True),
    # aiodocker, whose connections may have been opened for another test.
    SdkTarget(owner="aiodocker.docker:Docker", attribute="_query", optional=True),
    SdkTarget(owner="aiodocker.docker:Docker", attribute="_websocket", optional=True),
)

LIBRARIES = ("uvloop", "pycurl", "curl_cffi")
"""Those that talk HTTP past Python, and so might talk to an engine."""


def register_docker_guards(registrar: Registrar = resource_guards) -> None:
    """Guard the Docker programs, docker-py and the engine under one mark, ``docker``."""
    register_docker_cli_guard(registrar)
    registrar.register_sdk_guard("docker", targets=SDK_TARGETS)
    registrar.register_connection_guard("docker", is_engine_address, libraries=LIBRARIES)


def register_docker_cli_guard(registrar: Registrar = resource_guards) -> None:
    """Guard the Docker programs alone, under the mark ``docker``."""
    registrar.register_binary_guard("docker", binaries=BINARIES)
    registrar.register_probe("docker", _probe)


def register_docker_sdk_guard(registrar: Registrar = resource_guards) -> None:
    """Guard docker-py and the engine alone, under a mark of its own, ``docker_sdk``."""
    registrar.register_sdk_guard("docker_sdk", targets=SDK_TARGETS)
    registrar.register_connection_guard("docker_sdk", is_engine_address, libraries=LIBRARIES)
    registrar.register_probe("docker_sdk", _probe)


def _probe() -> str | None:
    from imbue.mngr.probe import probe_engine  # where it is asked for

    return probe_engine()
