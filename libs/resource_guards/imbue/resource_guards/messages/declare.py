"""What is wrong with a registration, a setting that names guards, or a declaration."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.model import Resource

BY_PLUGIN: Final = "an installed plugin"
"""What registers a resource, if neither code of the user's nor the settings do."""

_GIVE_A_MARK: Final = (
    "Set another mark where the resource is registered, as mark='...', or in its table of the settings, or as "
    "mark:... in its line of resource_guards_define."
)


def marker_line(resource: Resource) -> str:
    """What ``pytest --markers`` shows."""
    return f"{resource.name}: the test uses {resource.label} (enforced by resource guards)."


def name_empty(label: object) -> str:
    return (
        f"A resource guard was registered under the name {label!r}. Give it a name that is not "
        f"empty: the name of the program or service."
    )


def name_unprintable(label: str) -> str:
    return (
        f"A resource guard was registered under the name {label!r}, which has characters that "
        f"cannot be printed. Give it the name of the program or service."
    )


def name_no_identifier(label: str, mark: str) -> str:
    return (
        f"Resource guard '{label}': '{mark}' cannot be the name of a mark, because it cannot follow "
        f"@pytest.mark. (allowed are letters, digits and underscores, but no digit or underscore "
        f"at the start, and no Python keyword). {_GIVE_A_MARK}"
    )


def name_is_pytests(label: str, mark: str) -> str:
    return (
        f"Resource guard '{label}': the mark '{mark}' belongs to pytest and means something else. "
        f"{_GIVE_A_MARK}"
    )


def mark_taken(new: Resource, old: Resource) -> str:
    return (
        f"Resource guards '{old.label}' ({old.origin}) and '{new.label}' ({new.origin}) both "
        f"use the mark '{new.name}'. If they are one resource, register both under one name. If not, one "
        f"needs another mark. {_GIVE_A_MARK}"
    )


def guard_taken(new: Resource, other: Resource, taken: Collection[str]) -> str:
    return (
        f"Resource guards '{other.label}' ({other.origin}) and '{new.label}' ({new.origin}) both "
        f"guard the {', the '.join(sorted(taken))}. Remove it from one of them."
    )


def no_guard(label: str, guard: object) -> str:
    """Something that is not a guard."""
    return (
        f"Resource guard '{label}': {guard!r} is not a guard. Give an object of a subclass of "
        f"imbue.resource_guards.Guard."
    )


def no_kind(kind: object, known: Iterable[str]) -> str:
    """Something that is not a kind of guard, or whose name is taken."""
    return (
        f"register_guard_kind({kind!r}): give a subclass of imbue.resource_guards.Guard whose `kind` "
        f"is one word that no other kind uses, and whose `setting` no other uses. Already used: {quoted(known)}."
    )


def layer_bad(guard: Guard, layer: object, known: Iterable[str]) -> str:
    """A layer that the journal and reports could not name, or whose name is another's."""
    names = getattr(layer, "name", layer), getattr(layer, "way", "")
    return (
        f"Guards of the kind '{guard.kind}' have the layer {names[0]!r}, which a report counts "
        f"as {names[1]!r}. Give a Layer whose name and way are words in lower case (not 'child'), and whose name "
        f"no other layer has. Already used: {quoted(known)}."
    )


def definition_unreadable(line: str) -> str:
    """An unreadable line of `resource_guards_define`."""
    return (
        f"resource_guards_define: {line!r} defines no resource. Write its name, a colon and its guards, with "
        f"quotes around one that contains a space: rates: program:rates call:rates_sdk:Client.send"
    )


def kind_unknown(label: str, written: str, known: Iterable[str]) -> str:
    """A word in the settings that is neither a kind of guard nor another key."""
    known = list(known)
    word = written.partition(":")[0]
    return (
        f"resource_guards_define: resource '{label}': {written!r} names no kind of guard"
        f"{nearest(word, known) or '.'} Write one of {quoted(known)}, a colon, and its value."
    )


def extends_bad(label: str, value: object) -> str:
    """A wrong value of ``extends``."""
    return (
        f"[tool.resource_guards.{label}]: extends is {value!r}. Write false if the table replaces the "
        f"catalogue's entry, or leave it out."
    )


def replaced_by_nothing(label: str, keys: Iterable[str]) -> str:
    """A table that replaces an entry, and guards nothing itself."""
    return (
        f"[tool.resource_guards.{label}]: with extends = false the catalogue's entry is left out, and the table guards "
        f"nothing itself. Write a list under one of {quoted(keys)}, or leave extends out."
    )


def kind_without_value(label: str, kind: str) -> str:
    """A guard in the settings that names its kind alone."""
    return f"resource_guards_define: resource '{label}': '{kind}:' has no value. Write it after the colon."


def kind_not_in_settings(label: str, kind: str, text: str) -> str:
    """A kind of guard that only code can register."""
    return (
        f"Resource guard '{label}': '{kind}:{text}' cannot be written in settings. Register it in a "
        f"conftest or a guard package."
    )


def binary_name_bad(label: str, binary: object) -> str:
    return (
        f"Resource guard '{label}': {binary!r} is not the name of an executable. Give the bare "
        f"name, 'docker' and not '/usr/bin/docker'; every path to it is guarded."
    )


def binaries_is_text(label: str, binaries: str) -> str:
    return f"Resource guard '{label}': binaries={binaries!r} is a string; write [{binaries!r}]."


def targets_is_text(label: str, targets: str) -> str:
    return f"Resource guard '{label}': targets={targets!r} is a string; write [{targets!r}]."


def sdk_guard_incomplete(label: str) -> str:
    """Neither or both of the ways to register an SDK guard."""
    return (
        f"Resource guard '{label}': give either targets=['package.module:Class.method'], or an "
        f"install and a cleanup function."
    )


def target_unreadable(label: str, target: object) -> str:
    return (
        f"Resource guard '{label}': cannot read the target {target!r}. Write "
        f"'package.module:Class.method' or 'package.module:function'."
    )


def nothing_to_guard(label: str) -> str:
    return f"Resource guard '{label}': name at least one binary, target or address."


def not_a_list(label: str, argument: str, value: object) -> str:
    return (
        f"Resource guard '{label}': {argument}={value!r} is not a list; write {argument}=['...']."
    )


def mark_not_text(label: str, mark: object) -> str:
    return f"Resource guard '{label}': mark={mark!r} is not a string; write mark='...'."


def methods_unreadable(label: str, method: object, kinds: Iterable[str]) -> str:
    return (
        f"Resource guard '{label}': cannot read the method {method!r}. Write "
        f"(SomeClass, 'method', MethodKind.SYNC); the kinds are {quoted(kinds)}."
    )


def two_marks(label: str, mark: str, old: Resource) -> str:
    return (
        f"Resource guard '{label}' is registered with the mark '{mark}', but already has the mark "
        f"'{old.name}' ({old.origin}). A resource has one mark: leave out mark= the second time."
    )


def hook_failed(error: Exception, where: str) -> str:
    return (
        f"An implementation of pytest_register_resource_guards failed at {where}: "
        f"{type(error).__name__}: {error}. Fix it there."
    )


def entry_point_failed(name: str, value: str, error: Exception) -> str:
    return (
        f"The resource guard that the entry point '{name}' ({value}) publishes could not be "
        f"registered: {type(error).__name__}: {error}. Update or remove its package."
    )


def enforced_unknown(resource: str, known: Collection[str]) -> str:
    """A patch that names another resource than it was registered for."""
    return (
        f"enforce_sdk_guard({resource!r}): no resource of this name is guarded. Guarded resources: "
        f"{quoted(known)}. Use the name that register_sdk_guard() was given."
    )


CLEANUP_FAILED: Final = "Session cleanup callbacks failed"


def fixture_declares_nothing(resources: tuple[object, ...]) -> str:
    return (
        f"@fixture_uses_resources{resources!r}: name at least one resource, as a string: "
        f"@fixture_uses_resources('docker')."
    )


def fixture_declared_twice(function: object) -> str:
    name = getattr(function, "__name__", function)
    return (
        f"Fixture '{name}' has @fixture_uses_resources twice. Name all its resources in one: "
        f"@fixture_uses_resources('docker', 'tmux')."
    )


def fixture_declares_unknown(fixture: str, unknown: Collection[str], known: Collection[str]) -> str:
    return (
        f"Fixture '{fixture}': @fixture_uses_resources names {quoted(sorted(unknown))}, which is "
        f"not guarded. Guarded resources: {quoted(known)}. Fix the name, or register the guard."
    )


def is_use_not_callable(label: str, is_use: object) -> str:
    return (
        f"register_connection_guard('{label}', {is_use!r}): the second argument must be a function "
        f"that takes an address and returns whether it belongs to the resource."
    )


def libraries_is_text(label: str, libraries: str) -> str:
    return f"Resource guard '{label}': libraries={libraries!r} is a string; write [{libraries!r}]."


def library_unknown(label: str, library: object, known: Sequence[str]) -> str:
    return (
        f"Resource guard '{label}': libraries=[{library!r}] names no library that is known to "
        f"connect past Python. Known libraries: {', '.join(known)}. A library that connects by "
        f"Python's socket is seen; leave it out."
    )


def name_perhaps(name: str, mark: str) -> str:
    """A name that nothing here has, beside a mark that pytest did not know."""
    return (
        f"resource_guards: '{name}' is neither a guard package nor a program here, and tests have the mark '{mark}'. "
        f"If you mean that, fix the name."
    )


def name_unknown(name: str, installed: Sequence[str], known: Iterable[str]) -> str:
    return (
        f"resource_guards: '{name}' is not an installed guard package (installed: {quoted(installed)}), "
        f"a program on PATH, or a mark of a collected test{nearest(name, known) or '.'} Fix the name, "
        f"install its guard package, or write binary:{name} if it is a program that this machine does "
        f"not have."
    )
