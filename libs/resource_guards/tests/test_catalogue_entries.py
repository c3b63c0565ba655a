"""Resources that come ready: named in the settings, added to, replaced, and shipped by others."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from imbue.resource_guards.declare.entries import SHIPPED
from imbue.resource_guards.declare.entries import find_entry
from imbue.resource_guards.declare.entries import read_entry
from imbue.resource_guards.declare.entries import shipped
from imbue.resource_guards.declare.entries import table_of
from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.near_names import OTHER_NAMES
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.declare.tables import register_tables
from support.suite import WORKERS
from support.suite import Suite

# A client of nobody's, in a version that the entry knows.
CLIENT = """
    import socket

    class Connection:
        def connect(self):
            try: socket.create_connection(("127.0.0.1", 9)).close()
            except OSError: pass
        def call(self): pass
"""

ENTRY = """
    title = "the tariffs of a town"
    programs = ["tool"]
    no_use = ["a fake town"]
    not_seen = ["letters"]

    [[clients]]
    package = "town_sdk"
    openers = [["town_sdk.newer:Connection.connect", "town_sdk:Connection.connect"]]
    calls = ["town_sdk:Connection.call"]
"""

TESTS = """
    import subprocess, pytest, town_sdk

    WAYS = dict(
        opener=lambda: town_sdk.Connection().connect(),
        call=lambda: town_sdk.Connection().call(),
        program=lambda: subprocess.run(["tool"]),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way): WAYS[way]()

    @pytest.mark.town
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way): WAYS[way]()

    @pytest.mark.town
    def test_superfluous(): pass
"""


@pytest.fixture(name="town")
def town_fixture(suite: Suite) -> Suite:
    """A suite with an SDK, a program, and the project's own entry for both."""
    suite.tool()
    suite.write(town_sdk=CLIENT, test_it=TESTS)
    (suite.path / "guards").mkdir()
    suite.write_files({"guards/town.toml": ENTRY})
    return suite


def settings(names: str = '["guards/town.toml"]', table: str = "") -> dict[str, str]:
    """The settings that name an entry."""
    return {
        "pyproject.toml": f"[tool.pytest.ini_options]\nresource_guards = {names}\npythonpath = ['.']\n{table}"
    }


@WORKERS
def test_an_entry_of_the_projects(town: Suite, workers: tuple[str, ...]) -> None:
    """It is named by its path; each of its ways is guarded, in both directions."""
    town.write_files(settings())

    outcome = town.run("--strict-markers", *workers)

    assert len(outcome.tests) == 7
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("town"), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous("town")
        else:
            assert test.outcome == "passed", (name, outcome.output)


def test_the_list(town: Suite) -> None:
    """It has what the entry says for people, and which of several functions is watched."""
    town.write_files(settings())

    output = town.run("--resource-guards-list").output

    for line in (
        "from the catalogue: the tariffs of a town",
        "no use: a fake town",
        "not seen: letters",
        "connections of town_sdk:Connection.connect",
        "patch town_sdk:Connection.call",
    ):
        assert f"  {line}\n" in output, output


def test_a_table_adds_to_it(town: Suite) -> None:
    """Its lists are added, and its mark takes the place of the entry's."""
    table = "[tool.resource_guards.town]\nmark = 'village'\ncalls = ['more_sdk:send']\n"
    town.write_files(settings(table=table))
    town.write(
        more_sdk="def send(): pass",
        test_it=TESTS.replace("mark.town", "mark.village")
        + """
    def test_unmarked_more():
        import more_sdk
        more_sdk.send()
""",
    )

    outcome = town.run("--strict-markers")

    assert len(outcome.tests) == 8
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("village"), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous("town"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)


def test_a_table_takes_its_place(town: Suite) -> None:
    """With `extends = false` what the entry guards is not."""
    table = "[tool.resource_guards.town]\nextends = false\ncalls = ['town_sdk:Connection.call']\n"
    town.write_files(settings(table=table))

    outcome = town.run("--strict-markers")

    assert outcome["test_unmarked[call]"].says_missing("town")
    assert outcome["test_unmarked[opener]"].outcome == "passed", outcome.output
    assert outcome["test_unmarked[program]"].outcome == "passed", outcome.output


def test_a_table_without_the_name(suite: Suite) -> None:
    """One that has the name of an entry which the settings do not name is the project's alone."""
    suite.write(test_it="def test_it(): pass")
    suite.write_files({"pyproject.toml": "[tool.resource_guards.redis]\naddresses = ['*:6380']\n"})

    output = suite.run("--resource-guards-list").output

    assert "connections to *:6380" in output
    assert "*:6379" not in output


def test_an_entry_of_a_package(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by an entry point, and read without an import of the package."""
    suite.write(test_it="def test_it(): pass")
    site = suite.path / "site"
    (site / "town_guards").mkdir(parents=True)
    (site / "town_guards" / "__init__.py").write_text("raise AssertionError\n")
    (site / "town_guards" / "town.toml").write_text('programs = ["tool"]\n')
    about = site / "town_guards-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: town-guards\nVersion: 1\n")
    points = (
        "[resource_guards.catalogue]\ntown = town_guards\nvillage = town_guards\nfield = no_such\n"
    )
    (about / "entry_points.txt").write_text(points)
    monkeypatch.setenv("PYTHONPATH", str(site))
    suite.write_files(settings('["town"]'))

    assert "  from the catalogue\n" in suite.run("--resource-guards-list").output

    for name in ("village", "field"):
        suite.write_files(settings(f'["{name}"]'))
        outcome = suite.run()
        assert outcome.code == pytest.ExitCode.USAGE_ERROR
        assert f"which has no {name}.toml" in outcome.output


def test_a_version_that_is_not_known(town: Suite) -> None:
    """Where a client lacks the function, the run says so, and no mark of a test that has it loaded is superfluous."""
    town.write(
        town_sdk="def other(): pass",
        test_it="""
            import pytest

            @pytest.mark.town
            def test_0_idle(): pass

            @pytest.mark.town
            def test_1_loads(): import town_sdk
        """,
    )
    town.write_files(settings())

    outcome = town.run()

    assert outcome["test_0_idle"].says_superfluous("town"), outcome.output
    assert outcome["test_1_loads"].outcome == "passed", outcome.output
    assert "town_sdk:Connection.call" in outcome.output
    assert "the connections of town_sdk" in outcome.output


BAD = {
    "colour = 'red'": "unknown key 'colour'",
    "clients = 1": "clients must be tables. Write [[clients]]",
    "[[clients]]\npackage = 'x'": "lacks its package, or both calls and openers",
    "[[clients]]\ncalls = ['x:y']": "lacks its package, or both calls and openers",
    "[[clients]]\npackage = 'x'\ncals = ['x:y']": "[[clients]] has no key 'cals'; did you mean 'calls'?",
    "[[clients]]\npackage = 'x'\ncalls = ['y']": "cannot read the target 'y'",
    "[[clients]]\npackage = 'x'\nopeners = ['y']": "cannot read the opener 'y'",
    "title = 'nothing'": "guards nothing",
    "title = 3": "town.toml: title is 3. Write a string",
    "no_use = 'moto'": "no_use is 'moto'. Write a list of strings",
    "not_seen = [1]": "not_seen is [1]. Write a list of strings",
    "[[clients]]\npackage = 1\ncalls = ['x:y']": "[[clients]] package is 1. Write a string",
    "[[clients]]\npackage = 'x'\ntried = '1.0'\ncalls = ['x:y']": "[[clients]] tried is '1.0'. Write a list",
    "[[clients]]\npackage = 'x'\ncalls = [[]]": "[[clients]] calls is [[]]. Write a list of strings, and of lists",
    "[[clients]]\npackage = 'x'\ncalls = [['x:y', 1]]": "[[clients]] calls is [['x:y', 1]]. Write a list",
    "[[clients]]\npackage = 'x'\nopeners = [1]": "[[clients]] openers is [1]. Write a list",
    "[[clients]]\npackage = 'x'\nopeners = 'x'": "[[clients]] openers is 'x'. Write a list",
    "[[clients]]\npackage = 'x'\nopeners = {}": "[[clients]] openers is {}. Write a list",
    "programs = [": "town.toml cannot be read",
}


@pytest.mark.parametrize("text", BAD)
def test_entries_that_cannot_be_read(suite: Suite, text: str) -> None:
    """One usage error, with what to write."""
    suite.write(test_it="def test_it(): pass")
    suite.write_files({"town.toml": text, **settings('["town.toml"]')})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert BAD[text] in outcome.output
    assert "Traceback" not in outcome.output


BAD_NAMES = {
    '["no/such.toml"]': "'no/such.toml' ends in .toml, but there is no file",
    '["postgress"]': "did you mean 'postgres'?",
    '["postgresql"]': 'set it: [tool.resource_guards.postgres] mark = "postgresql"',
    '["mongo"]': "For the program 'mongo', write binary:mongo.",
}


@pytest.mark.parametrize("names", BAD_NAMES)
def test_names_that_cannot_be(suite: Suite, names: str) -> None:
    """They are refused, also where tests are marked so; the nearest one is named, and a program is no proof."""
    suite.tool("mongo")
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.postgresql
            @pytest.mark.mongo
            def test_it(): pass
        """
    )
    suite.write_files(settings(names))

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert BAD_NAMES[names] in outcome.output


def test_other_names_lead_to_entries() -> None:
    """Each leads to one that is shipped, and is none itself."""
    assert {*OTHER_NAMES.values()} <= {*shipped()}
    assert OTHER_NAMES.keys().isdisjoint(shipped())


def test_a_program_that_is_called_like_a_resource(suite: Suite) -> None:
    """`binary:` says that it is meant."""
    suite.tool("mongo")
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.mongo
            def test_marked(): subprocess.run(["mongo"], check=True)

            def test_unmarked(): subprocess.run(["mongo"], check=True)
        """
    )
    suite.write_files(settings('["binary:mongo"]'))

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("mongo")


PARTIAL = {
    "kafka": ("confluent_kafka", "cimpl"),
    "snowflake": ("snowflake.connector", "_core"),
}
"""Clients written in C or Rust that no function of Python shows, by the entry: package and module."""


@pytest.mark.parametrize("name", PARTIAL)
def test_partial_sight(suite: Suite, name: str) -> None:
    """Where such a client is loaded, no mark is superfluous; the run and the list say so."""
    package, module = PARTIAL[name]
    folder = suite.path.joinpath(*package.split("."))
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / f"{module}.py").touch()
    suite.write(
        test_it=f"""
            import pytest

            @pytest.mark.{name}
            def test_0_idle(): pass

            @pytest.mark.{name}
            def test_1_loaded(): import {package}.{module}
        """
    )
    suite.write_files(settings(f'["{name}"]'))

    outcome = suite.run()

    assert outcome["test_0_idle"].says_superfluous(name), outcome.output
    assert outcome["test_1_loaded"].outcome == "passed", outcome.output
    assert f"{name}: whether 1 test with this mark" in outcome.output
    assert "sight of address: partial while" in suite.run("--resource-guards-list").output


BAD_TABLES = {
    "[tool.resource_guards.redis]\nextends = false": "extends = false the catalogue's entry is left out",
    "[tool.resource_guards.network]\nloopback = true": "'loopback' is an option of openers, but its settings have no openers",
}


@pytest.mark.parametrize("table", BAD_TABLES)
def test_tables_that_make_nothing_of_an_entry(suite: Suite, table: str) -> None:
    """They are refused, with what to do."""
    suite.write(test_it="def test_it(): pass")
    suite.write_files(settings('["redis", "network"]', table))

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert BAD_TABLES[table] in outcome.output


def test_a_value_of_extends(suite: Suite) -> None:
    """It is true or false."""
    suite.write(test_it="def test_it(): pass")
    suite.write_files(settings('["redis"]', "[tool.resource_guards.redis]\nextends = 'no'\n"))

    assert "extends is 'no'. Write false" in suite.run().output

    suite.write_files(
        settings("[]", "[tool.resource_guards.redis]\nextends = false\nprograms = ['redis-cli']\n")
    )

    assert "'redis', but resource_guards does not name it. Name it there" in suite.run().output


@pytest.mark.parametrize("name", shipped())
def test_each_entry_that_is_shipped(name: str) -> None:
    """It has a title, and nothing in it is refused; no other one claims its programs."""
    registry = Registry()
    path = find_entry(name, Path())
    assert path is not None
    entry = read_entry(path)

    register_tables(
        {name: table_of(entry, {}, [key_of(each) for each in registry.kinds.values()])}, registry
    )

    assert entry.about["title"]
    assert registry.names == (name,)


def test_no_program_belongs_to_two() -> None:
    """All that are shipped can be named together."""
    programs = [
        program
        for name in shipped()
        for program in tomllib.loads((SHIPPED / f"{name}.toml").read_text()).get("programs", [])
    ]
    assert len(programs) == len(set(programs))


@WORKERS
def test_programs_of_each_entry(suite: Suite, workers: tuple[str, ...]) -> None:
    """Each is blocked without the mark of its entry, and runs with it."""
    programs = {
        program: name
        for name in shipped()
        for program in tomllib.loads((SHIPPED / f"{name}.toml").read_text()).get("programs", [])
    }
    for program in programs:
        suite.tool(program)
    marked = [
        f"""
    @pytest.mark.{name}
    def test_marked_{at}(): subprocess.run([{program!r}], check=True)
"""
        for at, (program, name) in enumerate(programs.items())
    ]
    suite.write(
        test_it=f"""
    import subprocess, pytest

    @pytest.mark.parametrize("program", {list(programs)!r})
    def test_unmarked(program): subprocess.run([program])
"""
        + "".join(marked)
    )
    suite.write_files(settings(str(shipped()).replace("'", '"')))

    outcome = suite.run("--strict-markers", "--tb=line", *workers)

    assert len(outcome.tests) == 2 * len(programs) > 150
    for program, name in programs.items():
        assert outcome[f"test_unmarked[{program}]"].says_missing(name), program
    assert all(test.outcome == "passed" for key, test in outcome.tests.items() if "_marked" in key)


def test_all_together(suite: Suite) -> None:
    """A suite may name every one of them, and imports none of their clients by that."""
    suite.write(
        test_it="""
            import sys

            def test_it():
                packages = ("redis", "boto3", "requests", "psycopg", "httpx", "openai", "grpc", "tomli")
                assert [each for each in packages if each in sys.modules] == []
        """
    )
    suite.write_files(settings(str(shipped()).replace("'", '"')))

    outcome = suite.run("--strict-markers")

    assert outcome.counts == {"passed": 1}, outcome.output
