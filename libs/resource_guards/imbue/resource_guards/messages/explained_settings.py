"""What the errors of settings, registrations and guards mean, for ``explain``."""

from __future__ import annotations

from typing import Final

from imbue.resource_guards.messages.explained_marks import Explanation

OF_SETTINGS: Final = {
    "unknown-name": Explanation(
        "a setting, a call or a fixture names a resource that does not exist",
        """\
resource_guards takes the names of guard packages (docker), entries of the catalogue (postgres, redis),
programs on PATH (tmux), and paths of your own entries (guards/rates.toml). resource_guards_warn,
resource_guards_require, @fixture_uses_resources and enforce_sdk_guard() take guarded resources only.

What to do
  - Fix the name; the message suggests one, or lists the names that exist.
  - Install the guard package: pip install imbue-mngr for Docker, imbue-mngr-modal for Modal.
  - The program is missing on this machine: write binary:NAME.""",
    ),
    "unknown-setting": Explanation(
        "a setting or a table has an unknown name, or is in the wrong place",
        """\
A setting begins with resource_guards_ but does not exist, or a table of pyproject.toml is not read. The
settings of pytest are in [tool.pytest.ini_options], or in pytest.ini. The definitions of resources are in
[tool.resource_guards.NAME] of the pyproject.toml in pytest's root directory.

What to do
  - Fix the name; the message suggests one, or lists the settings that exist.
  - Move the table to the file and place that the message names.
  - pytest --help lists all settings, in the section on the ini file.""",
    ),
    "unknown-key": Explanation(
        "a table of a resource, or of a client, has an unknown key",
        """\
A table [tool.resource_guards.NAME], or [[clients]] in an entry of the catalogue, has a key that means
nothing here.

What to do
  - Fix the key; the message suggests one, and lists all keys.""",
    ),
    "unreadable-value": Explanation(
        "a setting or an argument has a value of the wrong type or form",
        """\
The message has the value and the form that it must have. Often a list is missing around one string:
write programs = ["psql"], not programs = "psql".

What to do
  - Write the value in the form that the message shows.
  - The file cannot be read: fix its TOML at the line in the message.""",
    ),
    "unreadable-definition": Explanation(
        "a line of resource_guards_define cannot be read",
        """\
A line is a name, a colon and guards, separated by spaces:

    rates: address:127.0.0.1:58080 call:rates_sdk:Client.send program:rates

What to do
  - Write each guard as KIND:VALUE; the message lists the kinds.
  - Put quotes around a guard that contains a space.
  - A kind that settings do not have: register it in a conftest or a guard package.""",
    ),
    "unreadable-entry": Explanation(
        "a file of the catalogue cannot be read, or is not complete",
        """\
An entry of the catalogue is a TOML file: of this package, of an installed one, or of your project, if a
path in resource_guards ends in .toml.

What to do
  - The file is missing: fix the path. It starts at pytest's root directory.
  - The TOML is wrong: fix the line in the message.
  - A table [[clients]] needs a package, and calls or openers.
  - The file belongs to an installed package: update or remove that package.""",
    ),
    "unreadable-address": Explanation(
        "an address has an unknown form",
        """\
An address is a host or a network, with or without a port, or a Unix socket: 127.0.0.1:5432, [::1]:5432,
*:5432, 10.0.0.0/8, 10.0.0.0/8:443, api.example.com, *.example.com:443, unix:/run/postgresql/*,
unix:@abstract.

What to do
  - A URL: remove the scheme, the path and the query.
  - An IPv6 address: put brackets around it.
  - A network: its host part must be zero, 10.0.0.0/8 and not 10.1.2.3/8.""",
    ),
    "unreadable-target": Explanation(
        "a call or an opener is not written as module:function",
        """\
A call, a target or an opener is 'package.module:function' or 'package.module:Class.method'. An opener is
the function that opens a connection, or the name of a package that the catalogue knows.

What to do
  - Write the module, a colon and the name in the module.
  - An opener must be a plain function or method, not a class or a generator. Guard others as a call.""",
    ),
    "broken-target": Explanation(
        "a method or function to guard does not exist, or cannot be patched",
        """\
A guard names a function of an SDK that cannot be replaced: the package is not installed, this version
does not have the function, or the name leads to something else (a class, a slot, an abstract method).

What to do
  - Use the name that the message suggests.
  - Install the package, or a version that has the function.
  - Only some versions have it: SdkTarget(..., optional=True).""",
    ),
    "missing-target": Explanation(
        "a method that a guard patches is missing in this version of the package",
        """\
An optional target does not exist in the installed version. The other targets of the resource are
guarded, but calls of this one would not be seen.

What to do
  - If the version is newer than the guard: update the guard package, or add the new method.
  - If all calls go through the other targets: nothing.""",
    ),
    "option-of-nothing": Explanation(
        "a resource has no guard, or has an option that needs another kind of guard",
        """\
A resource needs at least one program, call, opener or address. Some options need a certain guard:
libraries needs addresses, loopback needs openers, extends needs an entry of the catalogue.

What to do
  - Add a guard, or name the resource in resource_guards if it is in the catalogue.
  - Remove the option that the message names.""",
    ),
    "mark-name": Explanation(
        "the name of a resource or its mark cannot be used, or is taken",
        """\
Each resource has one mark, and each mark belongs to one resource. The mark has letters, digits and
underscores, and must not belong to pytest (skip, parametrize, ...). One program, call or address belongs
to one resource.

What to do
  - Set another mark: mark='...' at the registration, or in the table of the resource.
  - Two registrations mean the same resource: use the same name in both.
  - Two resources guard the same program, call or address: remove it from one of them.""",
    ),
    "broken-guard": Explanation(
        "a guard, a hook or a guard package raised an error",
        """\
The error comes from the code of a guard: a conftest, a guard package, or a class that is derived from
Guard. The message has the exception and its place.

What to do
  - Your own code: fix it at the place in the message.
  - An installed package: update or remove it.
  - A child Python reports it: the module must be importable there, and must import little.
  - A guard could not be removed: its patch may be active until the process ends.""",
    ),
    "nothing-guarded": Explanation(
        "a report or a fix was requested, but nothing is guarded",
        """\
Without guards nothing is seen, so there is nothing to report or fix.

What to do
  - Name what to guard, in pyproject.toml: [tool.pytest.ini_options] resource_guards = ["docker", "tmux"].
  - pytest --resource-guards-discover finds out what to name.
  - Guards are off: use --resource-guards=warn to see uses without failing tests.
  - Discovery guards nothing: use --resource-guards-discover-json, not the options for reports.""",
    ),
}
