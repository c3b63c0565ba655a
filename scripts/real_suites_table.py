"""Suites that nobody here wrote, and what is known of each: the figures that real_suites.py compares with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field


@dataclass(frozen=True)
class Suite:
    """A suite, and what is known of it.

    Args:
        source: The source distribution, with its version.
        sha256: Its digest.
        packages: What is installed beside it.
        tests: pytest's arguments.
        servers: The servers that it wants to be there: ``etcd``, ``memcached``, ``postgres``, ``redis``.
        programs: The programs that it wants to be there, each with Debian's package of it.
        absent: The programs that it is to run without.
        outcomes: How many of its tests have which outcome.
        uses: What it is said to use, and how many tests do.
        marks: How many marks the fix adds.
        removed: How many it removes.
        left: How many tests the fix leaves to a person.
        violations: How many tests end otherwise with what was written.
        left_out: Tests that do not end the same way each time, without guards too.
    """

    source: str
    sha256: str
    packages: tuple[str, ...]
    tests: tuple[str, ...]
    servers: tuple[str, ...] = ()
    programs: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    uses: Mapping[str, int] = field(default_factory=dict)
    marks: int = 0
    removed: int = 0
    left: int = 0
    violations: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class RealSuite(Suite):
    """A suite that discovery is tried on.

    Args:
        by_hand: What a person changes after the fix, so that no test ends otherwise: of a file, each text and the new.
    """

    by_hand: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GuardedSuite(Suite):
    """A suite that is guarded by settings that a person has written.

    Args:
        guards: The programs that are guarded.
        files: How many files the fix changes.
        lines: How many lines it adds, and how many it takes away.
        unsorted: Of how many files ruff says more afterwards.
        without: How many tests that need none of the programs end otherwise where these are missing.
    """

    guards: tuple[str, ...]
    files: int = 0
    lines: tuple[int, int] = (0, 0)
    unsorted: int = 0
    without: int = 0


SUITES: Mapping[str, RealSuite] = {
    "pgspecial": RealSuite(
        "pgspecial-2.2.1",
        "da6c7fcc7bef7bb0132dc2046f74ec6513b1fe6f0c80e5528d630d14b7c4849d",
        ("psycopg[binary]", "configobj"),
        ("tests",),
        ("postgres",),
        outcomes={"passed": 74, "failure": 5},
        uses={"postgres": 59},
        marks=1,
    ),
    "huey": RealSuite(
        "huey-3.5.4",
        "328f5a2dd1406621e5edb17d45655ae232ad9f32c0795ca8dc0bfc121dd7b30c",
        ("redis", "peewee", "psycopg[binary]"),
        ("huey/tests",),
        ("postgres", "redis"),
        outcomes={"passed": 359, "skipped": 70},
        uses={"redis": 63, "postgres": 15},
        marks=26,
        left=40,
        violations=40,
    ),
    "pydot": RealSuite(
        "pydot-4.0.1",
        "c2148f681c4a33e08bf0e26a9e5f8e4099a82e0e2a068098f32ce86577364ad5",
        ("chardet", "parameterized"),
        ("test",),
        outcomes={"passed": 251, "skipped": 1},
        uses={"dot": 195, "twopi": 1},
        marks=2,
        left=1,
        violations=194,
    ),
    "requests": RealSuite(
        "requests-2.34.2",
        "f288924cae4e29463698d6d60bc6a4da69c89185ad1e0bcc4104f584e960b9ed",
        ("pytest-httpbin==2.1.0", "httpbin", "pytest-mock", "trustme", "PySocks"),
        ("tests",),
        outcomes={"passed": 613, "failure": 4, "skipped": 16},
        uses={"http": 6},
        marks=4,
    ),
    "sh": RealSuite(
        "sh-2.4.0",
        "a250aef68509ed93419c9a1d90b0647cd5cbe26107ba94d3717ef5b6d595ffd9",
        (),
        ("tests",),
        outcomes={"passed": 189, "skipped": 1},
        uses={"groupadd": 1, "groupdel": 1, "useradd": 1, "userdel": 1},
        marks=4,
    ),
    "aiocache": RealSuite(
        "aiocache-0.12.3",
        "f528b27bf4d436b497a1d0d1a8f59a542c153ab1e37c3621713cb376d44c4713",
        (
            *("redis<6", "aiomcache", "msgpack", "marshmallow<4"),
            *("pytest<9", "pytest-asyncio<0.24", "pytest-mock", "pytest-cov"),
        ),
        ("-oaddopts=--strict-markers", "-Wignore", "tests/ut", "tests/acceptance"),
        ("redis", "memcached"),
        outcomes={"passed": 797, "failure": 1},
        uses={"redis": 125, "127.0.0.1": 124},
        marks=12,
        removed=10,
        left=61,
        violations=111,
        left_out=tuple(  # these measure time
            f"{test}[{cache}_cache]"
            for test in ("::test_locking_dogpile", "::test_cached_stampede")
            for cache in ("redis", "memory", "memcached")
        ),
        by_hand={
            "tests/acceptance/conftest.py": {
                "marks=pytest.mark.memcached)": (
                    "marks=[pytest.mark.memcached, pytest.mark.localhost_11211])"
                )
            }
        },
    ),
    "versioningit": RealSuite(
        "versioningit-3.3.0",
        "b91ad7d73e73d21220e69540f20213f2b729a1f9b35c04e9e137eaf28d2214da",
        (
            *("build", "editables", "hatchling", "setuptools", "wheel", "pip", "pydantic~=2.0"),
            *("pytest<9", "pytest-cov", "pytest-mock"),
        ),
        # The others install packages from a network.
        ("--no-cov", "test", "-knot editable_mode and not install_from"),
        programs={"git": "git", "hg": "mercurial"},
        outcomes={"passed": 531, "skipped": 4},
        uses={"git": 90, "hg": 28},
        marks=31,
        left=1,
        violations=62,
        by_hand={
            "test/test_end2end.py": {
                "for m in marknames],": (
                    "for m in marknames]"
                    ' + [pytest.mark.hg if "hg" in (subdir, repozip.stem[:2]) else pytest.mark.git],'
                )
            }
        },
    ),
    "etcd3gw": RealSuite(
        "etcd3gw-2.7.0",
        "55e95b788ec4e72a57e704c2eccdf44163ef23bcb4fce883c71936e1ed8ad8f8",
        ("oslotest",),
        ("etcd3gw/tests",),
        ("etcd",),
        outcomes={"passed": 39},
        uses={"127.0.0.1": 22},
        marks=22,
    ),
    "pymemcache": RealSuite(
        "pymemcache-4.0.0",
        "27bf9bd1bbc1e20f83633208620d56de50f14185055e49504f4f5e94e94aff94",
        ("Faker", "pytest-cov", "zstd"),
        # What measures speed takes minutes, and all of it talks to the server.
        ("-oaddopts=", "-mnot benchmark", "pymemcache/test"),
        ("memcached",),
        outcomes={"passed": 571, "skipped": 3},
        uses={"127.0.0.1": 100, "example.com:11211": 1},
        marks=17,
    ),
}


GUARDED: Mapping[str, GuardedSuite] = {
    "plumbum": GuardedSuite(
        "plumbum-2.0.2",
        "233751d7819c9e6743ec1c2405927eb4fa52a284c7b894bd10e28106a9309a92",
        (
            *("paramiko", "psutil", "pytest<9"),
            *("pytest-asyncio", "pytest-cov", "pytest-mock", "pytest-timeout"),
        ),
        ("tests",),
        guards=("bash", "ps", "printenv", "ls", "grep"),
        outcomes={"passed": 485, "skipped": 104},
        uses={"bash": 7, "ps": 2, "printenv": 5, "ls": 28, "grep": 15},
        marks=57,
        files=5,
        lines=(59, 0),
        without=12,
    ),
    "darker": GuardedSuite(
        "darker-3.0.0",
        "eb53776f037fcf42b1f5a56f62fb841cd871d95a78a388536dc91dc4355ce8bb",
        (
            *("black", "defusedxml", "flynt", "isort", "Pygments", "pyupgrade", "ruamel.yaml"),
            *("airium", "cryptography", "pip-requirements-parser", "pytest-kwparametrize"),
            *("regex", "requests-cache", "ruff", "twine"),
        ),
        ("src/darker/tests",),
        guards=("git",),
        outcomes={"passed": 893},
        uses={"git": 539},
        marks=42,
        files=11,
        lines=(45, 1),
        without=3,
    ),
    "bump-my-version": GuardedSuite(
        "bump_my_version-1.8.1",
        "6457f2a1b964df60ff7d532e61d41422f19dbf936c9752bdff25d79f63768069",
        ("freezegun", "pytest-cov", "pytest-mock", "pytest-localserver"),
        ("-oaddopts=", "tests"),
        absent=("hg",),
        guards=("git",),
        outcomes={"passed": 762, "skipped": 17},
        uses={"git": 204},
        marks=82,
        files=20,
        lines=(93, 1),
    ),
    "graphviz": GuardedSuite(
        "graphviz-0.21",
        "20743e7183be82aaaa8ad6c93f8893c923bd6658a04c32ee115edb3c8a835f78",
        ("pytest-mock", "pytest-cov"),
        ("--no-cov", "--ignore=tests/conftest.py", "--ignore=tests/backend/conftest.py"),
        programs={"dot": "graphviz"},
        guards=("dot",),
        outcomes={"passed": 352, "skipped": 3},
        uses={"dot": 38},
        marks=12,
        files=6,
        lines=(12, 0),
        left=11,
    ),
    "towncrier": GuardedSuite(
        "towncrier-26.9.0",
        "ace9031631c718cc0709107b8755e6e31350eb8acdc877af43df3177addb9a55",
        ("twisted",),
        ("src/towncrier/test",),
        guards=("git",),
        outcomes={"passed": 167},
        uses={"git": 27},
        marks=9,
        files=3,
        lines=(15, 0),
    ),
    "setuptools-scm": GuardedSuite(
        "setuptools_scm-8.1.0",
        "42dea1b65771cba93b7a515d65a65d8246e560768a66b9106a592c8e7f26c8a7",
        ("build", "rich", "wheel", "setuptools", "pip"),
        ("testing",),
        absent=("hg",),
        guards=("git",),
        outcomes={"passed": 219, "skipped": 45},
        uses={"git": 79},
        marks=48,
        files=6,
        lines=(49, 0),
        left=17,
        violations=18,
        without=28,
        left_out=("test_dump_version_on_old_python",),
    ),
}
