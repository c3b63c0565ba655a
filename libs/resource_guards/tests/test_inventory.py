"""What is guarded here and what is not: the list, and optional targets that an SDK does not have."""

from __future__ import annotations

import sys

import pytest

from support.suite import Suite
from support.tools import run_tool

CONFTEST = """
    from imbue.resource_guards.resource_guards import SdkTarget

    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool", binaries=["tool", "not-there"])
        registry.register_sdk_guard(
            "sdk",
            targets=[
                SdkTarget(owner="sdk.client:Client", attribute="send", optional=True),
                SdkTarget(owner="sdk.client:Client", attribute="moved", optional=True),
                SdkTarget(owner="sdk.gone:Client", attribute="send", optional=True),
                SdkTarget(owner="sdk.client:Client", attribute="old", optional=True, quiet=True),
                SdkTarget(owner="other_sdk:Client", attribute="send", optional=True),
            ],
        )
        registry.register_sdk_guard("own", lambda: None, lambda: None)
        registry.register_connection_guard("net", is_ours)

    def is_ours(address):
        return False
"""

SDK = {
    "sdk/__init__.py": "",
    "sdk/client.py": """
        class Client:
            def send(self): return "sent"
            def other(self): pass
    """,
    "sdk-3.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: sdk\nVersion: 3.1\n",
}


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite whose guards know more of an SDK than its installed version has."""
    suite.tool(script='[ "$1" = -V ] || exit 3; echo tool 1.2; exit 0')
    suite.write_files(SDK)
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import pytest, sdk.client

            def test_unmarked():
                sdk.client.Client().send()

            @pytest.mark.sdk
            def test_marked():
                assert sdk.client.Client().send() == "sent"
        """,
    )
    return suite


def test_the_list(guarded: Suite) -> None:
    """Each resource with its guards, paths and versions, and the layers; no test is run."""
    outcome = guarded.run("--resource-guards-list")

    assert outcome.code == 0
    assert outcome.cases == {}
    said = outcome.output
    assert "tool  @pytest.mark.tool  registered at" in said
    assert "conftest.py:5" in said
    assert f"program tool: {guarded.bin / 'tool'} (tool 1.2)" in said
    assert "program not-there: not on PATH" in said
    assert "patch sdk.client:Client.send (3.1)" in said
    assert "patch sdk.client:Client.moved: MISSING in 3.1" in said
    assert "patch sdk.gone:Client.send: MISSING in 3.1" in said
    assert "patch sdk.client:Client.old: for other versions than 3.1" in said
    assert "patch other_sdk:Client.send: not installed" in said
    assert "its own patches, by conftest:pytest_register_resource_guards.<locals>.<lambda>" in said
    assert "connections, recognized by conftest:is_ours" in said
    assert "  sight of program: complete, but for what other programs start by its path" in said
    assert "  sight of call: complete\n" in said
    assert "  sight of hooks: this process, and its forks, alone\n" in said
    assert "  sight of address: partial once " in said
    assert "libpq" not in said  # whose connections are seen throughout
    assert " has connected to it\n" in said
    assert "shim on PATH: live" in said
    assert "child Pythons: live" in said
    assert "native layer: OFF: set resource_guards_native = true" in said
    assert guarded.runs_of() == ["--version", "-V"]


@pytest.mark.skipif(sys.platform != "linux", reason="the native layer is for Linux")
def test_the_list_with_the_native_layer(guarded: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is live where its library can be built, and else the reason is told."""
    assert (
        "native layer: live"
        in guarded.run("--resource-guards-list", "-oresource_guards_native=true").output
    )

    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(guarded.temporary / "cache"))
    outcome = guarded.run("--resource-guards-list", "-oresource_guards_native=true")
    assert "native layer: OFF" in outcome.output
    assert "no-such-compiler" in outcome.output


@pytest.mark.parametrize(
    ("file", "settings", "by"),
    [
        (
            "pytest.ini",
            "[pytest]\nresource_guards_define = other: program:x",
            "line 'other' of resource_guards_define",
        ),
        (
            "pyproject.toml",
            "[tool.resource_guards.other]\nprograms = ['x']",
            "table [tool.resource_guards.other]",
        ),
        ("pytest.ini", "[pytest]\nresource_guards = redis", "catalogue entry 'redis'"),
        pytest.param(
            "pytest.ini",
            "[pytest]\nresource_guards = docker",
            "guard package 'docker'",
            marks=pytest.mark.docker,
        ),
    ],
    ids=["a line", "a table", "the catalogue", "a package"],
)
def test_which_setting_has_registered_it(guarded: Suite, file: str, settings: str, by: str) -> None:
    """The list names the setting."""
    (guarded.path / "pytest.ini").unlink(missing_ok=True)
    guarded.write_files({file: f"{settings}\n"})

    listed = guarded.run("--resource-guards-list").output

    assert f"registered by the {by}\n" in listed


def test_the_list_of_what_the_settings_name(guarded: Suite) -> None:
    """No file and line is told for it, whatever code has started pytest."""
    guarded.write_files({"pytest.ini": "[pytest]\nresource_guards = binary:other\n"})
    line = "other  @pytest.mark.other  registered by resource_guards in the settings"

    module = guarded.run("--resource-guards-list")
    script = run_tool("pytest", "--resource-guards-list", "-presource_guards", cwd=guarded.path)

    assert line in module.output.splitlines()
    assert line in script.stdout.splitlines()


def test_the_list_of_what_comes_from_elsewhere(guarded: Suite) -> None:
    """A target that its module imports, inherits or has in C is there; a misspelt one is not."""
    guarded.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                targets = ["sqlite3:connect", "socket:socket.connect", "http.client:HTTPSConnection.send"]
                registry.register_sdk_guard("there", targets=targets)
                registry.register_sdk_guard("wrong", targets=["smtplib:SMTP.conect"])
        """
    )

    lines = guarded.run("--resource-guards-list").output.splitlines()

    for target in ("sqlite3:connect", "socket:socket.connect", "http.client:HTTPSConnection.send"):
        assert f"  patch {target}" in lines
    assert "  patch smtplib:SMTP.conect: MISSING in what is installed, calls are not seen" in lines


def test_the_list_of_other_names(suite: Suite) -> None:
    """It shows by which other names a target is guarded, where it is not, and what is refused."""
    suite.write_files(
        {
            "sdk/__init__.py": """
                print("importing")
                from sdk.client import Client, connect
                from sdk.table import HANDLERS, Fixed

                def __getattr__(name):
                    from sdk import client
                    return getattr(client, name)
            """,
            "sdk/client.py": """
                class Client:
                    @classmethod
                    def connect(cls): pass
                    def send(self): pass
                    post = send

                connect = Client.connect
                def lazy(): pass
                from sdk import table
            """,
            "sdk/table.py": """
                import enum
                from sdk import client
                HANDLERS = {"send": client.Client.send}

                class FixedType(type):
                    def __setattr__(cls, name, value):
                        raise AttributeError(name)

                class Fixed(metaclass=FixedType):
                    send = client.Client.send
            """,
        }
    )
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard(
                    "sdk",
                    targets=[
                        "sdk.client:Client.send", "sdk.client:Client.connect", "sdk:lazy", "sdk:Client"
                    ],
                )
        """
    )

    outcome = suite.run("--resource-guards-list")

    unseen = "which keeps the function itself: calls from there are not seen"
    elsewhere = (
        "the target sdk:lazy is not defined in its module, whose __getattr__ gets it from elsewhere. "
        "Name it where it is defined: sdk.client:lazy."
    )
    is_class = (
        "the target sdk:Client is a class. Name the method that all its calls go through: "
        "sdk:Client.method."
    )
    lines = [
        line
        for line in outcome.output.splitlines()
        if line.startswith("  ") and "  sight " not in line
    ]
    assert lines[: lines.index("  shim on PATH: live (programs that are called by name)")] == [
        "  patch sdk.client:Client.send",
        "    also as sdk.client:Client.post",
        f"    NOT in sdk.table:Fixed.send, {unseen}",
        f"    NOT in sdk.table:HANDLERS, {unseen}",
        f"    NOT in sdk:HANDLERS, {unseen}",
        "  patch sdk.client:Client.connect",
        "    also as sdk.client:connect",
        "    also as sdk:connect",
        f"  patch sdk:lazy: REFUSED: {elsewhere}",
        f"  patch sdk:Client: REFUSED: {is_class}",
    ]


def test_the_list_where_nothing_is_guarded(suite: Suite) -> None:
    """It says so."""
    outcome = suite.run("--resource-guards-list")

    assert outcome.code == 0
    assert "Nothing is guarded" in outcome.output


def test_the_list_of_what_tells_little(suite: Suite) -> None:
    """A program that says no version, one that cannot be run, and a module without Python source."""
    suite.tool("silent")
    suite.tool("broken").write_text("no program\n")
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import SdkTarget

            def optional(module):
                return SdkTarget(owner=module, attribute="may_be_there", optional=True)

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool", binaries=["silent", "broken"])
                registry.register_sdk_guard("sdk", targets=[optional("sys"), optional("_ssl")])
        """
    )

    outcome = suite.run("--resource-guards-list")

    assert outcome.code == 0
    for name in ("silent", "broken"):
        assert f"program {name}: {suite.bin / name} (no version is known)" in outcome.output
    for name in ("sys", "_ssl"):
        assert f"patch {name}:may_be_there: MISSING" in outcome.output
    assert suite.runs_of("silent") == ["--version", "-V"]


def test_the_list_does_not_wait_for_a_module(suite: Suite) -> None:
    """One whose import does not end is given up, and what is not in its source counts as missing."""
    suite.write(
        sdk="import time\ntime.sleep(60)",
        conftest="""
            from imbue.resource_guards.intercept import preview
            from imbue.resource_guards.resource_guards import SdkTarget

            preview.SECONDS_FOR_AN_IMPORT = 0.1

            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=[SdkTarget(owner="sdk", attribute="send", optional=True)])
        """,
    )

    outcome = suite.run("--resource-guards-list")

    assert outcome.code == 0
    assert "patch sdk:send: MISSING" in outcome.output


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_target_that_the_installed_version_lacks(
    guarded: Suite, workers: tuple[str, ...]
) -> None:
    """The header tells it, and the summary; the other targets guard."""
    outcome = guarded.run(*workers)

    header, _, rest = outcome.output.partition("test_it.py")
    for name in ("sdk.client:Client.moved", "sdk.gone:Client.send"):
        told = f"{name} is missing in sdk 3.1"
        assert header.count(told) == 1, outcome.output
        assert rest.count(told) == 1, outcome.output
    assert "Client.old" not in outcome.output
    assert "other_sdk" not in outcome.output
    assert outcome["test_unmarked"].says_missing("sdk")
    assert outcome["test_marked"].outcome == "passed"
