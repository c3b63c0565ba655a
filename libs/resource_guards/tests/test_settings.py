"""Resources that the settings define, in each file that pytest reads settings from; and settings that cannot be."""

from __future__ import annotations

import pytest

from imbue.resource_guards.declare.setting_files import SETTINGS
from support.suite import WORKERS
from support.suite import Suite

NINE = pytest.mark.skipif(pytest.version_tuple < (9,), reason="of pytest 9")

TESTS = """
    import socket, subprocess, pytest, rates_sdk

    def connect():
        with pytest.raises(ConnectionRefusedError), socket.socket() as connection:
            connection.connect(("127.0.0.1", 9))

    WAYS = dict(
        address=connect, call=rates_sdk.Client().send, program=lambda: subprocess.run(["tool"]),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way):
        WAYS[way]()

    @pytest.mark.{mark}
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way):
        WAYS[way]()

    @pytest.mark.{mark}
    def test_superfluous():
        pass
"""

LINE = "rates: address:127.0.0.1:9 call:rates_sdk:Client.send program:tool"

TABLE = """
    [tool.resource_guards.rates]
    addresses = ["api.rates.example", "127.0.0.1:9"]
    calls = ["rates_sdk:Client.send"]
    programs = ["tool"]
"""

FILES = {
    "pytest.ini": f"[pytest]\npythonpath = .\nresource_guards_define = {LINE}\n",
    "tox.ini": f"[pytest]\npythonpath = .\nresource_guards_define =\n  {LINE}\n",
    "setup.cfg": f"[tool:pytest]\npythonpath = .\nresource_guards_define = {LINE}\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n"
    f"resource_guards_define = ['{LINE}']\n",
}

NATIVE = {
    "pyproject.toml": f"[tool.pytest]\npythonpath = ['.']\nresource_guards_define = ['{LINE}']\n",
    "pytest.toml": f"[pytest]\npythonpath = ['.']\nresource_guards_define = ['{LINE}']\n",
}

TABLES = {
    "pyproject.toml": f"[tool.pytest.ini_options]\npythonpath = ['.']\n{TABLE}",
    "native pyproject.toml": f"[tool.pytest]\npythonpath = ['.']\n{TABLE}",
    "no settings of pytest": TABLE,
}


def write(suite: Suite, mark: str = "rates") -> None:
    """Write an SDK, a program and tests that use them."""
    suite.tool()
    suite.write(
        rates_sdk="class Client:\n    def send(self): pass\n", test_it=TESTS.format(mark=mark)
    )


def check(suite: Suite, *arguments: str, mark: str = "rates") -> str:
    """Run it: each of the three ways is guarded, in both directions. Returns what was printed."""
    outcome = suite.run("--strict-markers", "--strict-config", *arguments)

    assert len(outcome.tests) == 7, outcome.output
    for name, test in outcome.tests.items():
        if name == "test_superfluous":
            assert test.says_superfluous("rates")
        elif name.startswith("test_unmarked"):
            assert test.says_missing(mark), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    return outcome.output


@pytest.mark.parametrize(
    ("file", "text"),
    [
        *FILES.items(),
        *(pytest.param(*each, marks=NINE, id=f"native {each[0]}") for each in NATIVE.items()),
    ],
)
def test_a_line_defines(suite: Suite, file: str, text: str) -> None:
    """In each file that pytest reads settings from."""
    write(suite)
    suite.write_files({file: text})

    check(suite)


@WORKERS
def test_a_table_defines(suite: Suite, workers: tuple[str, ...]) -> None:
    """Without a line of Python; and the mark may be another."""
    write(suite, mark="needs_rates")
    suite.write_files(
        {
            "pyproject.toml": f"{TABLES['pyproject.toml']}\n    mark = 'needs_rates'\n    libraries = []\n"
        }
    )

    assert "resource guards: rates (enforce)" in check(suite, *workers, mark="needs_rates")


@pytest.mark.parametrize(
    "name",
    ["pyproject.toml", pytest.param("native pyproject.toml", marks=NINE), "no settings of pytest"],
)
def test_tables_beside_settings(suite: Suite, name: str) -> None:
    """Whichever way pytest's own settings are written, if they are."""
    write(suite)
    suite.write_files(
        {"pyproject.toml": TABLES[name], "conftest.py": "import sys\nsys.path.append('.')\n"}
    )

    check(suite)


def test_a_table_beside_another_file(suite: Suite) -> None:
    """The table is that of the root directory's pyproject.toml, also from below it, and by another file of settings."""
    write(suite)
    suite.write_files(
        {"pyproject.toml": TABLE, "pytest.ini": "[pytest]\npythonpath = .\n", "below/x": ""}
    )

    check(suite, "--rootdir=.", "-c", "pytest.ini")


def test_a_table_and_a_line(suite: Suite) -> None:
    """Both define one resource, whose mark the table says."""
    write(suite, mark="needs_rates")
    suite.write_files(
        {
            "pyproject.toml": "[tool.resource_guards.rates]\nprograms = ['tool']\nmark = 'needs_rates'\n",
            "pytest.ini": "[pytest]\npythonpath = .\n"
            "resource_guards_define = rates: address:127.0.0.1:9 call:rates_sdk:Client.send\n",
        }
    )

    check(suite, mark="needs_rates")


def test_what_is_defined_may_be_named(suite: Suite) -> None:
    """Where all that is guarded is listed: it is the one that is defined, and no program."""
    write(suite)
    suite.write_files(
        {
            "pyproject.toml": f"[tool.pytest.ini_options]\npythonpath = ['.']\nresource_guards = ['rates']\n{TABLE}"
        }
    )

    check(suite)
    listed = suite.run("--resource-guards-list").output
    assert "  connections to api.rates.example\n  connections to 127.0.0.1:9\n" in listed
    assert "program rates" not in listed


def test_a_kind_of_ones_own(suite: Suite) -> None:
    """It has a key in tables by its own name."""
    suite.write(
        kinds="""
            from imbue.resource_guards import Guard, Layer

            class Device(Guard):
                kind = "device"
                layers = (Layer("dev", "dev", "seen", title="devices", sees="devices"),)

                def __init__(self, path):
                    self.key = path

                key = None
                options = ("driver",)

                @classmethod
                def parse(cls, label, text):
                    return cls(text)

                @classmethod
                def parse_all(cls, label, texts, options):
                    return [cls(f"{text} by {options['driver']}") for text in texts]

                def install(self, resource, process, undo):
                    pass

            def pytest_register_resource_guards(registry):
                registry.register_guard_kind(Device)
        """,
        test_it="def test_it(): pass",
    )
    suite.write_files(
        {"pyproject.toml": "[tool.resource_guards.gpu]\ndevices = ['/dev/gpu0']\ndriver = 'own'\n"}
    )

    output = suite.run("--resource-guards-list", plugins=("kinds",)).output

    assert "gpu  @pytest.mark.gpu" in output
    assert "  device /dev/gpu0 by own\n" in output


BAD_TABLES = {
    "[tool.resource_guards.x]\nadresses = ['*:80']": "unknown key 'adresses'; did you mean 'addresses'? Valid keys: 'programs',",
    "[tool.resource_guards.x]\nhookss = ['*:80']": "unknown key 'hookss'",
    "[tool.resource_guards.x]\naddresses = '*:80'": "addresses is '*:80', but must be a list of strings; write addresses = ['*:80']",
    "[tool.resource_guards.x]\nprograms = [1]": 'programs is [1], but must be a list of strings; write programs = ["..."]',
    "[tool.resource_guards.x]\nprograms = {a = 1}": "programs is {'a': 1}, but must be a list of strings",
    "[tool.resource_guards.x]\naddresses = ['x y']": "Resource guard 'x': cannot read the address 'x y'",
    "[tool.resource_guards.x]\ncalls = ['sdk']": "cannot read the target 'sdk'",
    "[tool.resource_guards.x]\nprograms = ['a']\nmark = 1": "mark=1 is not a string",
    "[tool.resource_guards.x]\naddresses = ['*:80']\nlibraries = 'uvloop'": "libraries='uvloop' is a string",
    "[tool.resource_guards.x]\naddresses = ['*:80']\nlibraries = ['x']": "names no library that is known",
    "[tool.resource_guards.x]\nprograms = ['a']\nlibraries = []": "'libraries' is an option of addresses, but its settings have no addresses",
    "[tool.resource_guards.x]": "[tool.resource_guards.x] guards nothing. Write a list under one of 'programs',",
    "[tool.resource_guards.x]\nprograms = []": "[tool.resource_guards.x] guards nothing",
    "[tool.resource_guards]\naddresses = ['*:80']": "'addresses' is in [tool.resource_guards], without the name",
    "[tool]\nresource_guards = ['x']": "tool.resource_guards is not a table",
    "[tool.resource_guard.x]\nprograms = ['a']": "unknown table [tool.resource_guard]; did you mean [tool.resource_guards]?",
    "[tool.resource-guards.x]\nprograms = ['a']": "unknown table [tool.resource-guards]",
    "[tool.resouce_guards.x]\nprograms = ['a']": "unknown table [tool.resouce_guards]",
    "[tool.ressource_guards.x]\nprograms = ['a']": "unknown table [tool.ressource_guards]",
    "[tool.resource_gaurds.x]\nprograms = ['a']": "unknown table [tool.resource_gaurds]",
    "[tool.pytest.ini_options]\nresouce_guards_define = ['a: program:a']": "resouce_guards_define",
    "[resource_guards.x]\nprograms = ['a']": "[resource_guards] is not read from here. Write [tool.resource_guards.NAME]",
    "[tool.pytest.ini_options.resource_guards.x]\nprograms = ['a']": "[tool.pytest.ini_options.resource_guards] is not read from here",
    "[tool.resource_guards.'a b']\nprograms = ['a']": "'a b' cannot be the name of a mark",
}


@pytest.mark.parametrize(("table", "complaint"), BAD_TABLES.items(), ids=range(len(BAD_TABLES)))
def test_tables_that_cannot_be_read(suite: Suite, table: str, complaint: str) -> None:
    """One usage error before the first test, with what to write."""
    suite.write(test_it="def test_never(): pass")
    suite.write_files({"pyproject.toml": f"{table}\n"})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert outcome.output.count(complaint) == 1, outcome.output
    assert "Traceback" not in outcome.output
    assert outcome.tests == {}


BAD_SETTINGS = {
    "resource_guard = tool": "Unknown setting 'resource_guard'; did you mean 'resource_guards'? Valid settings:",
    "resource_guards_defines = x: program:tool": "did you mean 'resource_guards_define'?",
    "resource-guards = tool": "Unknown setting 'resource-guards'; did you mean 'resource_guards'?",
    "resourceguards_mode = warn": "did you mean 'resource_guards_mode'?",
    "resource_guards_define = x: adress:*:80": "names no kind of guard; did you mean 'address'?",
    "resource_guards_define = x: address:http": "",
    "resource_guards_define = x: address:http://x": "cannot read the address 'http://x': it is a URL; remove 'http://'",
    "resource_guards_define = x: program:tool mark:a-b": "'a-b' cannot be the name of a mark",
    "resource_guards_define = x: program:tool mark:": "'mark:' has no value",
    "resource_guards_define = x: program:tool libraries:uvloop": "'libraries' is an option of addresses, but its settings have no addresses",
    "resource_guards_define = x: address:*:80 libraries:uvlop": "names no library that is known",
    "resource_guards_define = x: address:*:80 librarys:uvloop": "did you mean 'libraries'?",
    "resource_guards_define = x: mark:y": "'x: mark:y' defines no resource",
    "resource_guards_define = x: program:'tool": "defines no resource. Write its name, a colon and its guards, with quotes around one that contains a space",
    "resource_guards_define = a b: program:tool": "Set another mark where the resource is registered, as mark='...', or in its table",
}


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_settings_that_nobody_knows(suite: Suite, setting: str) -> None:
    """One whose name is nearly one of ours is a usage error, which names that."""
    complaint = BAD_SETTINGS[setting]
    suite.write(test_it="def test_it(): pass")
    suite.write_files({"pytest.ini": f"[pytest]\n{setting}\n"})

    outcome = suite.run()

    assert (outcome.code == pytest.ExitCode.USAGE_ERROR) is bool(complaint), outcome.output
    assert complaint in outcome.output
    assert "Traceback" not in outcome.output


def test_a_line_says_all_that_a_table_can(suite: Suite) -> None:
    """The mark, which libraries can reach the addresses, and a path with a blank."""
    suite.write(test_it="def test_it(): pass")
    line = "rates: address:'unix:/run/my rates/*' address:*:9 libraries:uvloop mark:tariffs"
    suite.write_files({"pytest.ini": f"[pytest]\nresource_guards_define = {line}\n"})

    output = suite.run("--resource-guards-list").output

    assert "rates  @pytest.mark.tariffs" in output
    assert "connections to unix:/run/my rates/*" in output
    assert "pyzmq" not in output, "it says which libraries can reach the addresses"


def test_on_the_command_line(suite: Suite) -> None:
    """Settings of a run are looked at as those of files."""
    suite.write(test_it="def test_it(): pass")

    outcome = suite.run("-oresource_guards_modes=warn")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'resource_guards_mode'?" in outcome.output


def test_a_setting_of_another_plugin(suite: Suite) -> None:
    """It may have a name like ours."""
    suite.write(
        other="def pytest_addoption(parser): parser.addini('resource_guards_colour', 'of another')",
        test_it="def test_it(): pass",
    )
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards_colour = red\n"})

    assert suite.run(plugins=("other",)).counts == {"passed": 1}


@NINE
@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("resource_guards = 'tool'", "'resource_guards' expects a list"),
        ("resource_guards = [1]", "'resource_guards' expects a list of strings"),
        ("resource_guards_define = 1", "'resource_guards_define' expects a list"),
        ("resource_guards_warn = 'x'", "'resource_guards_warn' expects a list"),
        ("resource_guards_mode = 1", "'resource_guards_mode' expects a string"),
        ("resource_guards_native = 'no'", "'resource_guards_native' expects a bool"),
        ("[pytest.resource_guards]", "[pytest.resource_guards] is not read from here"),
        (
            "[tool.resource_guards.x]\nprograms = ['a']",
            "[tool.resource_guards] is not read from here",
        ),
    ],
)
def test_values_of_another_type(suite: Suite, setting: str, complaint: str) -> None:
    """In pytest's TOML files a value has a type, and another one is a usage error."""
    suite.write(test_it="def test_never(): pass")
    suite.write_files({"pytest.toml": f"[pytest]\n{setting}\n"})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert complaint in outcome.output
    assert "Traceback" not in outcome.output


def test_lists_of_other_things(suite: Suite) -> None:
    """As in the settings that have no types."""
    suite.write(test_it="def test_never(): pass")
    suite.write_files({"pyproject.toml": "[tool.pytest.ini_options]\nresource_guards = [1]\n"})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "resource_guards: 1 is not a string. Write a list of strings." in outcome.output


def test_a_file_that_is_no_toml(suite: Suite) -> None:
    """Where pytest does not read it itself, it is a usage error only if it may define something."""
    suite.write(test_it="def test_it(): pass")
    suite.write_files({"pytest.ini": "[pytest]\n", "pyproject.toml": "[tool.resource_guards.x\n"})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "pyproject.toml" in outcome.output
    assert "Traceback" not in outcome.output


def test_the_names_of_settings(pytestconfig: pytest.Config) -> None:
    """Those that can be meant are those that there are."""
    for name in SETTINGS:
        pytestconfig.getini(name)


@pytest.mark.parametrize("name", ["resource_guards_mode", "resource_guards_unavailable"])
def test_a_list_where_one_word_is_meant(suite: Suite, name: str) -> None:
    """It is a usage error that names the setting and what stands there."""
    suite.write(test_it="def test_never(): pass")
    suite.write_files({"pyproject.toml": f'[tool.pytest.ini_options]\n{name} = ["warn"]\n'})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert f"{name}: ['warn'] is not a string. Write one word in quotes" in outcome.output
