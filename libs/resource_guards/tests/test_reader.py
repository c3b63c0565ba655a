"""A report is read by the types of what it becomes, and nothing else comes through."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.report.document import from_data
from imbue.resource_guards.report.document import read_document
from imbue.resource_guards.report.formats import JSON
from imbue.resource_guards.report.formats import rendered
from imbue.resource_guards.report.merging import merge_documents
from imbue.resource_guards.report.reader import MisfitError
from imbue.resource_guards.report.table import table

SCHEMA = json.loads(
    (resources.files("imbue.resource_guards") / "report" / "schema.json").read_text()
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

SOURCE = {"path": "test_it.py", "line": 3, "qualname": "TestA.test_x"}
TEST = {
    "nodeid": "test_it.py::TestA::test_x[1]",
    "outcome": "passed",
    "source": SOURCE,
    "cls": SOURCE,
    "classes": [SOURCE],
    "parameters": {"x": 1},
    "axes": [{"argnames": ["x"], "source": SOURCE}],
    "declared": [{"resource": "tool", "level": "function", "source": SOURCE}],
    "used": {
        "tool": {
            "count": 1,
            "ways": {"program": 1},
            "uses": [
                {
                    "way": "program",
                    "what": "tool now",
                    "where": "test_it.py:4",
                    "in_child": False,
                    "fixture": None,
                }
            ],
        }
    },
    "violations": {"tool": ["missing mark"]},
    "blocked": False,
    "finished": True,
    "unsure": {"db": ["a library"]},
    "reason": "db is not available: no answer",
    "unavailable": {"db": "no answer"},
    "sometimes": ["tool"],
    "seconds": 2,
    "shared_seconds": 0.5,
}
REPORT: dict[str, Any] = {
    "format": "resource-guards-report",
    "version": 2,
    "root": "services/a",
    "resources": [{"mark": "tool", "name": "tool"}],
    "sources": {"test_it.py": "0" * 64},
    "problems": [],
    "late_uses": ["one"],
    "fixtures": [
        {"name": "server", "resources": ["tool"], "times": 2, "setup": 1.25, "teardown": 0}
    ],
    "tests": [TEST],
}

NUMBERS = ("seconds", "shared_seconds", "setup", "teardown")

# Values of every kind that JSON has; no 1.0, which is an integer to a schema and not to us.
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, -1, 10**30, 1.5, "", "x", "\0", "\ud800", [], [[]], {}, {"a": 1}]
)


def of_schema(  # noqa: PLR0911 - one for each kind
    schema: dict[str, Any],
) -> st.SearchStrategy[Any]:
    """Data that a schema allows: as much of its language as ours uses."""
    if "$ref" in schema:
        return of_schema(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*map(of_schema, schema["anyOf"]))
    kind = schema["type"]
    if isinstance(kind, list):
        return st.one_of(*(of_schema({"type": each}) for each in kind))
    if kind == "object":
        if "properties" in schema:
            parts = {name: of_schema(each) for name, each in schema["properties"].items()}
            optional = parts.keys() - set(schema["required"])
            return st.fixed_dictionaries(
                {name: each for name, each in parts.items() if name not in optional},
                optional={name: parts[name] for name in sorted(optional)},
            )
        names = of_schema(schema.get("propertyNames", {"type": "string"}))
        least = schema.get("minProperties", 0)
        values = of_schema(schema["additionalProperties"])
        return st.dictionaries(names, values, min_size=least, max_size=2)
    if kind == "array":
        return st.lists(of_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=2)
    if kind == "string" and "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"))
    return {
        "string": st.text(
            st.characters(exclude_characters="\0"), min_size=schema.get("minLength", 0), max_size=5
        ),
        "integer": st.integers(min_value=schema.get("minimum")),
        "number": st.integers(0, 10**9) | st.floats(0, schema.get("maximum")),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def places(data: Any) -> list[tuple[Any, Any]]:
    """Each container in data with each of its keys."""
    found = []
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        found += [(data, key), *places(data[key])]
    return found


def is_read(data: Any) -> bool:
    try:
        from_data(data)
    except MisfitError:
        return False
    return True


SLOW = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given(of_schema(SCHEMA))
@SLOW
def test_what_the_schema_allows_is_read(data: Any) -> None:
    """All of it; and it can be put together, shown, and written again as it was."""
    VALIDATOR.validate(data)

    document = from_data(data)

    assert [each.text for each in table(document, verbose=True)]
    assert merge_documents({"a": document, "b": from_data(data)})
    once = {each["mark"]: each["name"] for each in data["resources"]}
    data["resources"] = [{"mark": mark, "name": name} for mark, name in once.items()]
    data |= {"version": 2, "fixtures": data.get("fixtures", [])}  # what is written
    assert json.loads(rendered(JSON, from_data(data))) == data


@given(of_schema(SCHEMA))
@SLOW
def test_a_file_is_read_as_its_data(data: Any) -> None:
    """A test at a time, as it was written."""
    document = from_data(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_bytes(rendered(JSON, document))

        assert read_document(path) == document


@pytest.mark.parametrize("layout", [{"indent": 1}, {"separators": (",", ":")}], ids=str)
def test_a_file_of_another_layout_is_read(tmp_path: Path, layout: Any) -> None:
    """It is JSON, and whoever has written it anew may lay it out as they like."""
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT, **layout))

    assert read_document(path) == from_data(REPORT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.replace("passed", "pasted"), "tests[1].outcome"),
        (lambda line: line[: len(line) // 2], "cannot be read as a report"),
        (lambda line: f"{line},", "cannot be read as a report"),
    ],
    ids=["a value", "half a line", "a comma"],
)
def test_a_line_that_does_not_fit(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    """What is wrong is said with its place, as of a file that is read whole."""
    report = {**REPORT, "tests": [TEST, {**TEST, "nodeid": "test_it.py::other"}]}
    path = tmp_path / "report.json"
    lines = rendered(JSON, from_data(report)).decode().split("\n")
    at = next(index for index, line in enumerate(lines) if "::other" in line)
    lines[at] = change(lines[at])
    path.write_text("\n".join(lines))

    with pytest.raises(ResourceGuardMisconfiguration) as raised:
        read_document(path)

    assert said in str(raised.value)


@given(st.data())
@SLOW
def test_what_the_schema_forbids_is_not_read(data: st.DataObject) -> None:
    """A report with anything exchanged, added or left out is read if and only if the schema allows it."""
    report = copy.deepcopy(REPORT)
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(report)))
        how = data.draw(st.sampled_from(["exchange", "add", "remove"]))
        if how == "remove":
            del container[key]
        elif how == "exchange" or isinstance(container, list):
            container[key] = data.draw(ODD)
        else:
            container[data.draw(st.sampled_from(["more", "\0"]))] = data.draw(ODD)
        if not places(report):
            break

    assert is_read(report) == VALIDATOR.is_valid(report), report


@pytest.mark.parametrize("container_and_key", range(len(places(REPORT))))
def test_the_place_is_named(container_and_key: int) -> None:
    """Whatever is exchanged for something that fits nowhere, the message says where that is."""
    report = copy.deepcopy(REPORT)
    container, key = places(report)[container_and_key]
    container[key] = other = 1.5 if key not in NUMBERS else "1.5"

    with pytest.raises(MisfitError) as raised:
        from_data(report)

    assert str(raised.value).endswith(f"but is {other!r}")
    found: Any = report
    for name, index, quoted in re.findall(
        r"(?:^|\.)(\w+)|\[(\d+)\]|\['(.*?)'\]", raised.value.place
    ):
        found = found[int(index)] if index else found[name or quoted]
    assert found == other


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": True}, "version must be a whole number, but is True"),
        ({"late_uses": "one"}, "late_uses must be a list, but is 'one'"),
        ({"tests": [{**TEST, "outcome": "vanished"}]}, "tests[0].outcome must be one of"),
        ({"tests": [{**TEST, "violations": {"a\nb": ["no"]}}]}, "tests[0].violations['a\\nb'][0]"),
        ({"tests": [TEST, {**TEST, "used": []}]}, "tests[1].used must be an object, but is a list"),
        ({"sources": {"test_it.py": "short"}}, "sources['test_it.py'] must be a SHA-256"),
        ({"sources": {"a\0b": "0" * 64}}, "must be the path of a file"),
        ({"more": 1}, "the whole must be an object without other keys, but is one with 'more'"),
    ],
)
def test_what_is_said(change: dict[str, Any], said: str) -> None:
    """What must be there, and what is."""
    with pytest.raises(MisfitError) as raised:
        from_data(REPORT | change)

    assert said in str(raised.value)


def test_a_missing_key() -> None:
    """It is named."""
    with pytest.raises(MisfitError, match=r"^tests\[0\] must be an object with 'used', but is"):
        from_data(REPORT | {"tests": [{key: TEST[key] for key in TEST if key != "used"}]})


def test_a_number_too_large_to_write_out() -> None:
    """Nothing tries to."""
    with pytest.raises(MisfitError, match="is a large number"):
        from_data(REPORT | {"late_uses": [10**5000]})
