"""The Docker guards on a real engine: each way to use it, with the mark and without."""

from __future__ import annotations

import os

import pytest

from support.docker_engine import IMAGE
from support.docker_engine import Engine
from support.suite import Outcome
from support.suite import Suite

pytestmark = pytest.mark.docker

# Each is what a test does, with `tmp` a folder of its own. Whatever is raised comes out.
PROGRAMS = {
    "docker version": 'run("docker", "version")',
    "docker import": 'run("docker", "import", scratch(tmp), "scratch:1")',
    "docker run": 'assert "hi" in run("docker", "run", "--rm", *NET, IMAGE, "echo", "hi")',
    "docker exec": "with container() as name:\n        run('docker', 'exec', name, 'true')",
    "docker logs": "with container() as name:\n        run('docker', 'logs', name)",
    "docker by its path": "run(shutil.which('docker', path=REAL_PATH), 'version')",
    "docker with a PATH of one's own": (
        'subprocess.run(["docker", "version"], check=True,'
        ' env={"PATH": REAL_PATH, "DOCKER_HOST": HOST, "HOME": str(tmp)})'
    ),
    "docker in a shell script": 'run("sh", "-c", "docker version")',
    "child Python that runs docker": "python(\"import os; assert os.system('docker version') == 0\")",
    "docker in a thread": 'in_thread(lambda: run("docker", "version"))',
}

DOCKER_PY = {
    "from_env": "docker.from_env().ping()",
    "DockerClient": "docker.DockerClient(base_url=HOST).version()",
    "APIClient": "docker.APIClient(base_url=HOST, version='1.41').containers()",
    "run": 'assert b"hi" in client().containers.run(IMAGE, ["echo", "hi"], remove=True, **NONE)',
    "exec_run with a socket": (
        "with py_container() as box:\n"
        '        _, sock = box.exec_run("cat", socket=True, stdin=True)\n'
        '        sock._sock.sendall(b"back")\n'
        "        sock._sock.shutdown(socket.SHUT_WR)\n"
        "        assert b'back' in sock.read()\n"
        "        sock.close()"
    ),
    "events": (
        "with contextlib.closing(client()) as c:\n"
        "        events = c.events(decode=True, since=0, until=1)\n"
        "        list(events)"
    ),
    "attach": (
        "with py_container() as box:\n"
        "        box.attach_socket(params={'stdin': 1, 'stream': 1}).close()"
    ),
    "build": (
        'client().images.build(fileobj=io.BytesIO(f"FROM {IMAGE}\\nCMD true".encode()), rm=True)'
    ),
    "a thread": "in_thread(lambda: client().ping())",
    "a pool of threads": (
        "with futures.ThreadPoolExecutor() as pool:\n"
        "        pool.submit(lambda: client().ping()).result()"
    ),
    "a child Python": 'python("import docker; docker.from_env().ping()")',
    "a fork": "in_fork(lambda: client().ping())",
    "a subclass that overrides send": (
        "class Own(docker.APIClient):\n"
        "        def send(self, *args, **kw): return requests.Session.send(self, *args, **kw)\n"
        "    Own(base_url=HOST, version='1.41').ping()"
    ),
    "Session.send on a client": (
        "api = docker.APIClient(base_url=HOST, version='1.41')\n"
        "    request = api.prepare_request(requests.Request('GET', api._url('/_ping')))\n"
        "    requests.Session.send(api, request)"
    ),
    "the adapter of a client": (
        "api = docker.APIClient(base_url=HOST, version='1.41')\n"
        "    request = api.prepare_request(requests.Request('GET', api._url('/_ping')))\n"
        "    api.get_adapter(request.url).send(request)"
    ),
    "the adapter in a session": (
        "from docker.transport import UnixHTTPAdapter\n"
        "    session = requests.Session()\n"
        "    session.mount('http+docker://', UnixHTTPAdapter(HOST.replace('unix:', 'http+unix:')))\n"
        "    assert session.get('http+docker://localhost/_ping').text == 'OK'"
    ),
    "the pool of a client's adapter": (
        "api = docker.APIClient(base_url=HOST, version='1.41')\n"
        "    pool = api._custom_adapter.get_connection(api._url('/_ping'))\n"
        "    assert pool.urlopen('GET', '/_ping', timeout=urllib3.Timeout(9)).status == 200"
    ),
    "raw requests of a client": (
        "api = docker.APIClient(base_url=HOST, version='1.41')\n"
        "    assert api.get(api._url('/_ping')).text == 'OK'\n"
        "    api.post(api._url('/containers/none/start'))"
    ),
    "a copy of a client": "copy.copy(docker.APIClient(base_url=HOST, version='1.41')).ping()",
    "testcontainers": (
        "from testcontainers.core.container import DockerContainer\n"
        "    with DockerContainer(IMAGE).with_command('sleep 60').with_kwargs(**NONE) as box:\n"
        "        box.exec('true')"
    ),
    "python-on-whales": (
        "from python_on_whales import DockerClient\n    DockerClient(host=HOST).version()"
    ),
    "python-on-whales by a path": (
        "from python_on_whales import DockerClient\n"
        "    program = shutil.which('docker', path=REAL_PATH)\n"
        "    DockerClient(host=HOST, client_call=[program]).version()"
    ),
}

OTHERS = {
    "aiodocker": (
        "import aiodocker\n"
        "    async def ask():\n"
        "        async with aiodocker.Docker(HOST) as engine:\n"
        "            await engine.version()\n"
        "    asyncio.run(ask())"
    ),
    "podman-py": (
        "from podman import PodmanClient\n"
        "    with PodmanClient(base_url=HOST) as engine:\n"
        "        engine.api.get('/version', compatible=True)"
    ),
    "requests_unixsocket": (
        "import requests_unixsocket\n"
        "    url = 'http+unix://' + SOCKET.replace('/', '%2F') + '/_ping'\n"
        "    assert requests_unixsocket.Session().get(url).text == 'OK'"
    ),
    "httpx": (
        "import httpx\n"
        "    with httpx.Client(transport=httpx.HTTPTransport(uds=SOCKET)) as http:\n"
        "        assert http.get('http://engine/_ping').text == 'OK'"
    ),
    "http.client": (
        "with socket.socket(socket.AF_UNIX) as plain:\n"
        "        plain.connect(SOCKET)\n"
        "        plain.sendall(b'GET /_ping HTTP/1.0\\r\\n\\r\\n')\n"
        "        assert b'OK' in plain.recv(9999)"
    ),
    "asyncio streams": (
        "async def ask():\n"
        "        reader, writer = await asyncio.open_unix_connection(SOCKET)\n"
        "        writer.write(b'GET /_ping HTTP/1.0\\r\\n\\r\\n')\n"
        "        assert b'OK' in await reader.read()\n"
        "        writer.close()\n"
        "    asyncio.run(ask())"
    ),
    "a child Python with http.client": (
        'python(f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({SOCKET!r})")'
    ),
}

HEADER = """
import asyncio, contextlib, copy, io, os, shutil, socket, subprocess, sys, tarfile, threading
from concurrent import futures
import docker, pytest, requests, urllib3

IMAGE = {image!r}
HOST = {host!r}
SOCKET = HOST.removeprefix("unix://")
REAL_PATH = {path!r}
NET = ["--network", "none"]
NONE = {{"network_mode": "none"}}
HERE = os.path.dirname(__file__)

class TeardownOnly(Exception):
    pass

def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

def python(code):
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

def client():
    return docker.from_env()

def in_thread(function):
    with futures.ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: None).result()
    errors = []
    def guarded():
        try:
            function()
        except BaseException as error:
            errors.append(error)
    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]

def in_fork(function):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0

def scratch(tmp):
    with tarfile.open(tmp / "scratch.tar", "w") as archive:
        archive.add(__file__, "file")
    return str(tmp / "scratch.tar")

@contextlib.contextmanager
def container():
    name = run("docker", "run", "--detach", *NET, IMAGE, "sleep", "60").strip()
    try:
        yield name
    finally:
        run("docker", "rm", "--force", name)

@contextlib.contextmanager
def py_container():
    box = client().containers.run(IMAGE, ["sleep", "60"], detach=True, **NONE)
    try:
        yield box
    finally:
        box.remove(force=True)
"""

FOUR = """
def test_{index}_unmarked(tmp_path):
    tmp = tmp_path
    {use}

def test_{index}_swallowed_unmarked(tmp_path):
    try:
        test_{index}_unmarked(tmp_path)
    except BaseException:
        pass

@pytest.mark.docker
def test_{index}_marked(tmp_path):
    tmp = tmp_path
    {use}

@pytest.mark.docker
def test_{index}_failing(tmp_path):
    test_{index}_marked(tmp_path)
    raise OSError("of its own")
"""

CONFTEST = 'pytest_plugins = ["imbue.mngr.pytest_plugin"]'

# docker-py and testcontainers leave connections to the garbage collector.
QUIET = "-Wignore"


@pytest.fixture
def guarded(suite: Suite, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with the Docker guards, whose DOCKER_HOST is the engine."""
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    suite.write(conftest=CONFTEST)
    return suite


def write_ways(suite: Suite, engine: Engine, ways: dict[str, str]) -> None:
    """Write the tests of each way, in the four variants."""
    header = HEADER.format(image=IMAGE, host=engine.url, path=os.environ["PATH"])
    tests = [FOUR.format(index=index, use=use) for index, use in enumerate(ways.values())]
    superfluous = "\n@pytest.mark.docker\ndef test_superfluous(): pass\n"
    suite.write_files({"test_it.py": header + "".join(tests) + superfluous})


def assert_right(outcome: Outcome, ways: dict[str, str], variants: tuple[str, ...]) -> None:
    """Each test has the verdict that its name says, and no message of another."""
    for index, way in enumerate(ways):
        for variant in variants:
            test = outcome[f"test_{index}_{variant}"]
            if "unmarked" in variant:
                assert test.says_missing("docker"), (way, variant, test.text, outcome.output)
            elif variant == "failing":
                assert test.outcome == "failed", (way, test.text)
                assert "of its own" in test.text, (way, test.text)
                assert "@pytest.mark.docker" not in test.text.replace("@pytest.mark.docker\n", "")
            else:
                assert test.outcome == "passed", (way, variant, test.text)


@pytest.mark.parametrize(
    "ways", [PROGRAMS, DOCKER_PY, OTHERS], ids=["programs", "docker-py", "others"]
)
def test_every_way(guarded: Suite, engine: Engine, ways: dict[str, str]) -> None:
    """Unmarked, it fails and the engine is asked nothing; marked, it works."""
    write_ways(guarded, engine, ways)
    engine.requests()

    blocked = guarded.run(QUIET, "-k", "unmarked or superfluous")
    asked = engine.requests()
    allowed = guarded.run(QUIET, "-k", "not unmarked and not superfluous")

    assert_right(blocked, ways, ("unmarked", "swallowed_unmarked"))
    assert blocked["test_superfluous"].says_superfluous("docker")
    assert asked == []
    assert_right(allowed, ways, ("marked", "failing"))
    assert engine.requests() != []


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.parametrize("first", ["marked", "unmarked"])
def test_a_client_that_several_tests_share(
    guarded: Suite, first: str, workers: tuple[str, ...]
) -> None:
    """Each test that sends on it is a user, and each that depends on its fixture."""
    pairs = """
        @pytest.mark.docker
        def test_a_marked(box): box.exec_run("true")

        def test_a_unmarked(box): box.exec_run("true")

        @pytest.mark.docker
        def test_depends_marked(box): pass

        def test_depends_unmarked(box): pass
    """
    if first == "unmarked":
        pairs = pairs.replace("test_a", "test_z")
    guarded.write(
        test_it=f"""
        import docker, pytest

        CLIENT = []

        @pytest.fixture(scope="session")
        def box():
            box = docker.from_env().containers.run(
                "{IMAGE}", ["sleep", "60"], detach=True, network_mode="none")
            yield box
            box.remove(force=True)

        @pytest.mark.docker
        def test_0_opens_marked():
            CLIENT.append(docker.from_env())

        def test_1_uses_it_unmarked():
            try:
                (CLIENT or [docker.from_env()])[0].ping()
            except Exception:
                pass
        {pairs}
        """
    )

    outcome = guarded.run(QUIET, *workers)

    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("docker"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 6


def test_a_mocked_engine_is_no_use(guarded: Suite, engine: Engine) -> None:
    """Libraries that answer in its place, or a test's own mock; and they work in marked tests."""
    guarded.write(
        test_it="""
            import docker, pytest, responses, requests_mock
            from unittest import mock

            URL = "http://engine.example:2375"

            def ask():
                return docker.APIClient(base_url=URL, version="1.41").version()

            @responses.activate
            def test_responses():
                responses.get(f"{URL}/v1.41/version", json={"Version": "9"})
                assert ask() == {"Version": "9"}

            def test_requests_mock():
                with requests_mock.Mocker() as mocker:
                    mocker.get(f"{URL}/v1.41/version", json={"Version": "9"})
                    assert ask() == {"Version": "9"}

            def test_patched_send():
                answer = mock.Mock(status_code=200, **{"json.return_value": {"Version": "9"}})
                with mock.patch.object(docker.APIClient, "send", return_value=answer):
                    docker.APIClient(base_url=URL, version="1.41").get(URL)

            @pytest.mark.docker
            def test_requests_mock_beside_the_engine():
                docker.from_env().ping()
                test_requests_mock()
                test_responses()

            @pytest.mark.docker
            def test_superfluous():
                test_requests_mock()
        """
    )
    engine.requests()

    outcome = guarded.run(QUIET)

    assert outcome["test_superfluous"].says_superfluous("docker"), outcome.output
    passed = [name for name, test in outcome.tests.items() if test.outcome == "passed"]
    assert len(passed) == 4, outcome.output
    assert len(engine.requests()) <= 3


def test_a_swallowed_violation(guarded: Suite, engine: Engine) -> None:
    """docker-py wraps what is raised while it asks for the version, and callers skip on that."""
    guarded.write(
        test_it="""
            import docker, pytest

            def test_unmarked():
                try:
                    docker.from_env()
                except docker.errors.DockerException:
                    pytest.skip("no engine")
        """
    )
    engine.requests()

    outcome = guarded.run(QUIET)

    assert outcome["test_unmarked"].says_missing("docker")
    assert "no engine" in outcome["test_unmarked"].text
    assert engine.requests() == []
