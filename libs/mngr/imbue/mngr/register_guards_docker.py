"""Docker guards: a test that uses Docker needs ``@pytest.mark.docker``.

They watch the ``docker`` and ``docker-compose`` programs and docker-py. Registering them imports
neither docker-py nor anything else, and may be done any number of times. In a conftest::

    pytest_plugins = ["imbue.mngr.pytest_plugin"]

or, for one's own choice of guards, call one of the functions below.
"""

from __future__ import annotations

from typing import Final

from imbue.resource_guards import resource_guards
from imbue.resource_guards.resource_guards import Registrar
from imbue.resource_guards.resource_guards import SdkTarget

BINARIES: Final = ("docker", "docker-compose")

# All of docker-py's requests to the engine go through this one method, which its class inherits
# from requests.Session.
SDK_TARGETS: Final = (SdkTarget("docker.api.client:APIClient", "send", optional=True),)


def register_docker_guards(registrar: Registrar = resource_guards) -> None:
    """Guard the Docker programs and docker-py under one mark, ``docker``."""
    register_docker_cli_guard(registrar)
    registrar.register_sdk_guard("docker", targets=SDK_TARGETS)


def register_docker_cli_guard(registrar: Registrar = resource_guards) -> None:
    """Guard the Docker programs alone, under the mark ``docker``."""
    registrar.register_resource_guard("docker", binaries=BINARIES)


def register_docker_sdk_guard(registrar: Registrar = resource_guards) -> None:
    """Guard docker-py alone, under a mark of its own, ``docker_sdk``."""
    registrar.register_sdk_guard("docker_sdk", targets=SDK_TARGETS)
