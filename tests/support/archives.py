"""What is in a wheel or a source distribution, and what is wrong with it.

An archive is here a mapping from the names of its files to their contents, so that a wrong one is
easily made.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import tarfile
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from pathlib import PurePosixPath

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Package:
    """What a package promises, whatever its settings say.

    Args:
        name: Its name on the index.
        member: The name of its folder, and of its package below ``imbue``.
        version: Its version.
        requires: What it depends on, its extras included.
        extras: The names of these.
        entry_points: By group and name.
        at_root: What stands beside ``imbue`` when it is installed.
    """

    name: str
    member: str
    version: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    entry_points: Mapping[str, Mapping[str, str]]
    at_root: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """What the names of its distributions begin with."""
        return f"{self.name.replace('-', '_')}-{self.version}"


def contents(archive: Path) -> Files:
    """The files of an archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as sdist:
        members = [(member, sdist.extractfile(member)) for member in sdist.getmembers()]
        return {member.name: file.read() if file else b"" for member, file in members}


def faults_of_wheel(package: Package, sources: Files, wheel: Files) -> list[str]:
    """What is wrong with a wheel; `sources` are all files of the member, by paths in its folder."""
    info = f"{package.stem}.dist-info"
    made = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    shipped = {
        name: text
        for name, text in sources.items()
        if name in package.at_root or name.startswith(f"imbue/{package.member}/")
    } | {f"{info}/licenses/LICENSE": sources["LICENSE"]}
    return [
        *_faults_of_files(shipped, made, wheel),
        *_faults_of_rules(package, wheel),
        *_of(f"{info}/METADATA", wheel, lambda text: _faults_of_metadata(package, sources, text)),
        *_of(f"{info}/WHEEL", wheel, _faults_of_tags),
        *_of(f"{info}/entry_points.txt", wheel, lambda text: _faults_of_entries(package, text)),
        *_of(
            f"{info}/RECORD", wheel, lambda text: _faults_of_record(f"{info}/RECORD", text, wheel)
        ),
    ]


def faults_of_sdist(package: Package, sources: Files, ignored: bytes, sdist: Files) -> list[str]:
    """What is wrong with a source distribution.

    Args:
        package: Whose it is.
        sources: All files of the member.
        ignored: The workspace's ``.gitignore``, by which a build leaves the same files out.
        sdist: Its files.
    """
    shipped = {name: text for name, text in sources.items() if not name.startswith("tests/")}
    shipped = {f"{package.stem}/{name}": text for name, text in shipped.items()}
    information = f"{package.stem}/PKG-INFO"
    return [
        *_faults_of_files(shipped | {f"{package.stem}/.gitignore": ignored}, {information}, sdist),
        *_faults_of_rules(package, {name.partition("/")[2]: b"" for name in sdist}),
        *_of(information, sdist, lambda text: _faults_of_metadata(package, sources, text)),
    ]


def _of(name: str, files: Files, faults: Callable[[bytes], Iterator[str]]) -> Iterator[str]:
    if name in files:  # or it is told as missing
        yield from faults(files[name])


def _faults_of_files(shipped: Files, made: set[str], files: Files) -> Iterator[str]:
    yield from (f"{name} is missing" for name in sorted(shipped.keys() | made) if name not in files)
    yield from (f"{name} is stray" for name in sorted(files.keys() - shipped.keys() - made))
    for name, text in shipped.items():
        if files.get(name, text) != text:
            yield f"{name} is not as in the sources"


def _faults_of_rules(package: Package, files: Files) -> Iterator[str]:
    """What holds whatever is in the sources."""
    if f"imbue/{package.member}/py.typed" not in files:
        yield "the package has no py.typed"
    for name in files:
        path = PurePosixPath(name)
        if path.parent == PurePosixPath("imbue"):
            yield f"{name} is in the namespace itself"
        if any(part in ("tests", "conftest.py") or part.startswith("test_") for part in path.parts):
            yield f"{name} is a test"
        if path.suffix == ".pth" and name not in package.at_root:
            yield f"{name} would be run by each Python that starts"


def _faults_of_metadata(package: Package, sources: Files, text: bytes) -> Iterator[str]:
    message = message_from_bytes(text)
    expected = {
        "Name": [package.name],
        "Version": [package.version],
        "Requires-Python": [">=3.11"],
        "Requires-Dist": list(package.requires),
        "Provides-Extra": list(package.extras),
        "License-Expression": ["MIT"],
        "License-File": ["LICENSE"],
        "Description-Content-Type": ["text/markdown"],
        "Classifier": [
            "Framework :: Pytest",
            "Operating System :: MacOS",
            "Operating System :: POSIX :: Linux",
            *(f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 16)),
            "Topic :: Software Development :: Testing",
            "Typing :: Typed",
        ],
    }
    for header, values in expected.items():
        if (found := message.get_all(header, [])) != values:
            yield f"{header} is {found}, not {values}"
    if not message["Summary"]:
        yield "there is no Summary"
    if text.partition(b"\n\n")[2] != sources["README.md"]:
        yield "the description is not the README"


def _faults_of_tags(text: bytes) -> Iterator[str]:
    message = message_from_bytes(text)
    if message.get_all("Tag") != ["py3-none-any"] or message["Root-Is-Purelib"] != "true":
        yield "the wheel is not for every Python and machine"


def _faults_of_entries(package: Package, text: bytes) -> Iterator[str]:
    parser = ConfigParser()
    parser.read_string(text.decode())
    found = {group: dict(parser[group]) for group in parser.sections()}
    if found != package.entry_points:
        yield f"the entry points are {found}, not {package.entry_points}"


def _faults_of_record(name: str, text: bytes, wheel: Files) -> Iterator[str]:
    rows = {row[0]: row[1:] for row in csv.reader(text.decode().splitlines())}
    expected = {each: _record_of(content) for each, content in wheel.items()} | {name: ["", ""]}
    for each in sorted(rows.keys() | expected.keys()):
        if rows.get(each) != expected.get(each):
            yield f"RECORD has {each} wrong"


def _record_of(content: bytes) -> list[str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return [f"sha256={digest}", str(len(content))]
