"""What discovery makes of what it has seen: names, what is left out and why, and settings; without a run."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imbue.resource_guards.discover.found import Collector
from imbue.resource_guards.discover.found import Discovery
from imbue.resource_guards.discover.found import Found
from imbue.resource_guards.discover.proposal import Proposal
from imbue.resource_guards.discover.proposal import propose
from imbue.resource_guards.discover.rules import FOLDED
from imbue.resource_guards.discover.rules import RULES
from imbue.resource_guards.discover.rules import Place
from imbue.resource_guards.discover.rules import Started
from imbue.resource_guards.discover.rules import named
from imbue.resource_guards.discover.setting_writer import with_proposal
from imbue.resource_guards.discover.shown import lines
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.addresses import parse_address
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("pyproject.toml", b"\xff", "cannot be read, so no settings were added"),
        ("pyproject.toml", b"[tool", "cannot be read, so no settings were added"),
        ("pytest.toml", b"[pytest]\nresource_guards = 1\n", "is 1, but must be a list of names"),
        (
            "tox.ini",
            b"[pytest]\nkey = 1\n  [pytest\nx",
            "cannot be read, so no settings were added",
        ),
    ],
)
def test_settings_that_cannot_be_changed(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    """One error names the file and what is wrong, and the file stays as it is."""
    path = tmp_path / name
    path.write_bytes(content)
    config: Any = SimpleNamespace(inipath=path, rootpath=tmp_path)

    with pytest.raises(ResourceGuardMisconfiguration, match=says):
        with_proposal(config, Proposal(["tool"]))

    assert path.read_bytes() == content


PLACE = Place(["/project", "/temporary"], ["/env"])


@pytest.mark.parametrize(
    ("path", "command", "expected"),
    [
        ("/bin/sh", "sh -c 'cd x && A=1 ls | sort > y; if true; then ls; fi'", "ls ls sort true"),
        ("/bin/sh", "sh -ec ls", "ls"),
        ("/bin/sh", "sh script.sh", ""),
        ("/bin/sh", "sh -c 'sh -c \"env B=2 timeout 5 ls\"'", "ls"),
        ("/bin/sh", "sh -c 'no-such-program-here'", ""),
        ("/bin/sh", 'sh -c "echo \'not closed"', ""),
        ("/usr/bin/env", "env -u A B=1 ls -l", "ls"),
        ("/usr/bin/env", "env", ""),
        ("/usr/bin/timeout", "timeout -k 1 5s ls", "ls"),
        ("/usr/bin/nice", "nice -n 5 nohup ls", "ls"),
        ("/usr/bin/xyz", "xyz --version", "xyz"),
    ],
)
def test_what_leads_to_another_program(path: str, command: str, expected: str) -> None:
    """Shells and launchers are looked through, as far as their command line tells."""
    found = sorted(each.name for each in named(Started(path, shlex.split(command)), PLACE))

    assert found == expected.split()


@pytest.mark.parametrize(
    ("started", "title"),
    [
        (Started("/usr/bin/python3.12", ["python3"]), "Python"),
        (Started("/project/build/app", ["app"]), "the suite's own programs"),
        (Started("/temporary/x/fake-git", ["fake-git"]), "the suite's own programs"),
        (Started("/usr/lib/gcc/x/cc1", ["cc1"], ["gcc"]), "parts of other programs"),
        (Started("/bin/cat", ["cat"]), "programs of every POSIX system"),
        (
            Started("/sbin/ldconfig", ["/sbin/ldconfig"]),
            "programs that Python's own library looks around with",
        ),
        (Started("/opt/x/bin/server", ["server"]), None),
        (Started("/project/env/bin/x", ["x"]), "the suite's own programs"),
    ],
)
def test_rules(started: Started, title: str | None) -> None:
    """Each program that is left out is so by one rule, which has a reason."""
    (found,) = named(started, PLACE)

    assert (found.rule and found.rule.title) == title
    assert all(rule.reason for rule in RULES)


def test_the_page_has_all_rules() -> None:
    """With the reasons that stand in the code, in the same words."""
    page = (ROOT / "docs" / "discovery.md").read_text()
    table = page[
        page.index("| shells") : page.index("\nOne line names what each rule")
    ].splitlines()

    rules = [*FOLDED, *((rule.title, rule.reason) for rule in RULES)]
    assert table == [f"| {title} | {reason} |" for title, reason in rules]


def test_programs_of_the_same_tests_share_a_line() -> None:
    """They are guarded by themselves nonetheless; other tests, or another kind, make another line."""
    same = {"test_it.py::test_user": "passed"}
    other = {"test_it.py::test_group": "passed"}
    found = [
        Found("program", "useradd", dict(same)),
        Found("resource", "docker", dict(same)),
        Found("program", "userdel", dict(same)),
        Found("program", "groupadd", dict(other)),
        Found("program", "groupdel", dict(same), through={"env": {*same}}),
    ]

    said = [each for each in lines(Discovery(found)) if "such as" not in each]

    assert said == [
        "    1 test  useradd, userdel  programs",
        "    1 test  docker",
        "    1 test  groupadd  a program",
        "    1 test  groupdel  a program, through env",
    ]


def test_proposals() -> None:
    """Names as settings take them: what is something ready has its prefix, what can be no mark a table."""
    found = [
        Found(kind, name, {"test": "passed"})
        for kind, name in (
            ("resource", "postgres"),
            ("program", "http"),
            ("program", "g++"),
            ("program", "make"),
            ("address", "db.example.com:5433"),
            ("address", "unix:/run/x.sock"),
        )
    ]

    proposal = propose(found, ["make"], {"postgres", "http"})

    assert proposal.names == ["binary:http", "postgres"]
    assert proposal.tables == {
        "gxx": {"programs": ["g++"]},
        "db_example_com_5433": {"addresses": ["db.example.com:5433"]},
        "unix_run_x_sock": {"addresses": ["unix:/run/x.sock"]},
    }


def test_many_addresses_are_the_network() -> None:
    """More than a few other hosts are one resource; this machine's own stay apart."""
    names = [*(f"{name}.example:443" for name in "abcdef"), "127.0.0.1:1"]
    found = [Found("address", name, {"test": "passed"}) for name in names]

    proposal = propose(found, [], set())

    assert proposal.names == ["network"]
    assert list(proposal.tables) == ["localhost_1"]


@pytest.mark.parametrize(
    "name",
    ["db.example.com:5433", "db.example.com:*", "10.0.0.7:80", "[fd00::7]:80", "unix:/run/x.sock"],
)
def test_what_is_proposed_can_be_read(name: str) -> None:
    """Each form in which discovery writes an address is one that the settings know."""
    (table,) = propose([Found("address", name, {"test": "passed"})], [], set()).tables.values()

    for address in table["addresses"]:
        assert str(parse_address(address)) == address


def test_the_words_of_a_command_are_no_package() -> None:
    """Only a connection says by which package it was opened."""
    use = SeenUse("program", "git log --grep x by y", "", in_child=False, fixture=None)
    collector = Collector({"git": "git"}, {}, PLACE)
    collector.add_test(TestRecord("test", "passed", used={"git": UsedResource(1, {}, [use])}))

    assert [each.by for each in collector.found()] == [{}]
