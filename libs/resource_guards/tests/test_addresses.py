"""What addresses can say, and what each form is true of."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.addresses import Addresses
from imbue.resource_guards.intercept.addresses import parse_address
from imbue.resource_guards.intercept.ips import ip_text

FORMS = [
    *("127.0.0.1:5432", "[::1]:5432", "*:5432", "10.0.0.0/8", "10.0.0.0/8:443", "[fd00::/8]:443"),
    *("api.example.com", "*.example.com:443", "localhost:5432", "unix:/run/postgresql/*"),
    *("unix:@abstract", "127.0.0.1", "[::1]", "db", "db:5432", "unix:@a*", "unix:/with space"),
]

BAD = [
    *("", " ", "**", "*:", "*:0", "*:65536", "*:http", "*:05432", "*:5432 ", " *:5432", "*:٣"),
    *(
        ":5432",
        "5432",
        "127.0.0.1:",
        "127.0.0.1:-1",
        "127.0.0",
        "127.0.0.256",
        "010.0.0.1",
        "0x7f.1",
    ),
    *("10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/08", "1.2.3.4.5"),
    *(
        "::1",
        "::1:5432",
        "fd00::/8",
        "[::1",
        "[::1]5432",
        "[::1]:",
        "[127.0.0.1]:80",
        "[fd00::/129]",
    ),
    *("[fe80::1%eth0]:80", "[]:80", "[api.example.com]:80", "http://api.example.com", "//host"),
    *(
        "a..b",
        ".a",
        "a.*",
        "*a.com",
        "*.*.com",
        "-a.com",
        "a-.com",
        f"{'a' * 64}.com",
        "a b",
        "a@b",
    ),
    *(
        "unix:",
        "unix:/",
        "unix:@",
        "unix:run/x",
        "unix:5432",
        "a\nb",
        "\0",
        "a.com:443:1",
        "..",
        "*.",
    ),
    *(f"{'a.' * 130}com", None, 5432, b"127.0.0.1:80", ("127.0.0.1", 80), ["*:80"]),
]

NOWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there

NAMES = {"93.184.216.34": {"api.example.com"}, "2001:db8::1": {"deep.api.EXAMPLE.com."}}


def names_of(ip: str, _port: object) -> Collection[str]:
    """What look-ups have led to."""
    return NAMES.get(ip, ())


def matches(text: str, address: Any) -> bool:
    """Whether a text means an address."""
    return Addresses([parse_address(text)]).matches(address, names_of)


@pytest.mark.parametrize("text", FORMS)
def test_each_form_is_written_back(text: str) -> None:
    """As it was, and it says the same again."""
    pattern = parse_address(text)

    assert str(pattern) == text
    assert parse_address(text) == pattern
    assert hash(parse_address(text)) == hash(pattern)
    assert text in repr(pattern)


@pytest.mark.parametrize("text", BAD, ids=repr)
def test_what_has_none_of_the_forms(text: object) -> None:
    """One error that names it, and shows the forms."""
    with pytest.raises(ResourceGuardMisconfiguration) as raised:
        parse_address(text, "rates")

    said = str(raised.value)
    assert re.match(
        rf"Resource guard 'rates': cannot read the address {re.escape(repr(text))}(: .+)?\. Write it in one",
        said,
    )
    for form in ("*:5432", "[fd00::/8]:443", "*.example.com:443", "unix:/run/postgresql/*"):
        assert form in said
    with pytest.raises(ResourceGuardMisconfiguration, match=r"^Cannot read the address"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://db:5432/x", "it is a URL; remove 'https://' and everything after the port"),
        ("::1", "write '[::1]', with or without a port after it"),
        ("/run/x", "write 'unix:/run/x' for a Unix socket"),
        (
            "unix:run/x",
            "a Unix socket has a path that begins with '/', or '@' and an abstract name",
        ),
        ("db:99999", "the port is '99999', but must be a number from 1 to 65535"),
        ("db:", "the port is '', but must be a number from 1 to 65535"),
        ("db:http", "the port is 'http', but must be a number from 1 to 65535"),
        (
            "10.1.2.3/8",
            "it is neither one host nor the network '10.0.0.0/8'; write the one that you mean",
        ),
        (
            "[fd00::1/8]:443",
            "it is neither one host nor the network 'fd00::/8'; write the one that you mean",
        ),
        ("10.0.0.0/33", "'10.0.0.0/33' is not a network"),
        (
            "example.com/api",
            "'example.com/api' is not a network; an address does not include the path of a URL",
        ),
        ("db-*.example.com", "'*' must be alone, or first and before a dot"),
        (["*:80"], "it is not a string; give each address as its own argument"),
        (5432, "it is not a string"),
        ("a b", ""),
    ],
)
def test_why_it_has_none(text: object, why: str) -> None:
    """Slips that are often made are named, with what to write."""
    with pytest.raises(ResourceGuardMisconfiguration) as raised:
        parse_address(text)

    reason = str(raised.value).partition(f"{text!r}")[2].partition(". Write it in")[0]
    assert reason.startswith(f": {why}" if why else ""), raised.value
    assert bool(reason) == bool(why)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("API.Example.COM.", "api.example.com"),
        ("[0:0::1]:80", "[::1]:80"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
        ("[::ffff:10.0.0.0/104]:80", "10.0.0.0/8:80"),
        ("[fd00::/128]", "[fd00::]"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("[::/0]:80", "[::/0]:80"),
    ],
)
def test_ways_to_say_the_same(text: str, said: str) -> None:
    """They are one."""
    assert str(parse_address(text)) == said
    assert parse_address(text) == parse_address(said)


def network_text(ip: Any, bits: int) -> str:
    """The network of an address's first bits."""
    return str(ipaddress.ip_network((ip, bits), strict=False))


HOSTS = some.one_of(
    some.ip_addresses(v=4).map(str),
    some.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
    some.builds(network_text, some.ip_addresses(v=4), some.integers(0, 32)),
    some.builds(network_text, some.ip_addresses(v=6), some.integers(0, 128)).map("[{}]".format),
    some.lists(
        some.from_regex(r"[a-z_]([A-Za-z0-9_-]{0,9}[a-z0-9])?", fullmatch=True),
        min_size=1,
        max_size=4,
    ).map(".".join),
)


@given(HOSTS, some.none() | some.integers(1, 65535), some.sampled_from(["", "*."]))
def test_what_is_written_is_read(host: str, port: int | None, before: str) -> None:
    """Whatever is put together from hosts and ports can be read, and is written so that it is read again."""
    before = before if host[0].isalpha() else ""
    pattern = parse_address(f"{before}{host}" if port is None else f"{before}{host}:{port}")

    assert parse_address(str(pattern)) == pattern
    assert str(parse_address(str(pattern))) == str(pattern)


@given(some.text(alphabet=some.sampled_from("unix:/@*[]0123456789abf.-% \n\0İß")))
def test_any_text(text: str) -> None:
    """It is read, and then written so that it is read again, or refused in our words."""
    try:
        pattern = parse_address(text)
    except ResourceGuardMisconfiguration:
        return
    assert parse_address(str(pattern)) == pattern


@given(some.ip_addresses(v=4), some.integers(0, 32), some.ip_addresses(v=4))
def test_networks(network: Any, bits: int, other: Any) -> None:
    """An address is in a network if the first bits are the same, also as an IPv6 one."""
    size = 32 - bits
    inside = int(network) >> size == int(other) >> size

    if NOWHERE not in (str(network), str(other)):  # which is this machine
        assert matches(network_text(network, bits), (str(other), 80)) is inside
        assert matches(network_text(network, bits), (f"::ffff:{other}", 80, 0, 0)) is inside


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        (
            "127.0.0.1:5432",
            [
                *(("127.0.0.1", 5432), ("::ffff:127.0.0.1", 5432, 0, 0), ("localhost", 5432)),
                *(("LOCALHOST.", 5432), (b"127.0.0.1", 5432), (bytearray(b"localhost"), 5432)),
                *(("127.1", 5432), ("0x7f000001", 5432), (NOWHERE, 5432), ("", 5432)),
            ],
            [
                *(("127.0.0.1", 80), ("127.0.0.2", 5432), ("::1", 5432, 0, 0), ("db", 5432)),
                *("127.0.0.1:5432", b"127.0.0.1", (), ("127.0.0.1",), None, 5432, (1, 5432)),
                *((b"\xff", 5432), ("127.0.0.1\0", 5432), ("\ud800", 5432), ("1.", 5432)),
            ],
        ),
        (
            "[::1]:5432",
            [("::1", 5432, 0, 0), ("::1%lo", 5432, 0, 0), ("localhost", 5432), ("::", 5432, 0, 0)],
            [("127.0.0.1", 5432), ("::1", 5433, 0, 0), ("::2", 5432, 0, 0)],
        ),
        (
            "*:5432",
            [("10.0.0.1", 5432), ("::1", 5432, 0, 0), ("db.example.com", 5432), (b"db", 5432)],
            [("10.0.0.1", 5433), (2, 5432), "5432", "/run/5432", ("eth0",)],
        ),
        ("10.0.0.0/8", [("10.255.0.1", 1), ("::ffff:10.0.0.1", 2, 0, 0)], [("11.0.0.1", 1)]),
        ("10.0.0.0/8:443", [("10.0.0.1", 443)], [("10.0.0.1", 80), ("a000::", 443, 0, 0)]),
        ("[fd00::/8]:443", [("fd12::1", 443, 0, 0)], [("fe00::1", 443, 0, 0), ("253.0.0.1", 443)]),
        ("[fe80::1]", [("fe80::1%eth0", 5, 0, 2)], [("fe80::2%eth0", 5, 0, 2)]),
        ("192.0.2.1", [("192.0.2.1", 1), ("192.0.2.1", 65535)], [("192.0.2.2", 1)]),
        (
            "api.example.com",
            [
                *(("93.184.216.34", 80), ("::ffff:93.184.216.34", 80, 0, 0)),
                *(("api.example.com", 80), ("API.example.com.", 443), (b"api.example.com", 1)),
            ],
            [("93.184.216.35", 80), ("example.com", 80), ("2001:db8::1", 80, 0, 0)],
        ),
        (
            "*.example.com:443",
            [("93.184.216.34", 443), ("2001:db8:0::1", 443, 0, 0), ("x.y.example.com", 443)],
            [
                *(("93.184.216.34", 80), ("example.com", 443), (".example.com", 443)),
                ("notexample.com", 443),
            ],
        ),
        (
            "localhost:5432",
            [
                *(("localhost", 5432), ("127.0.0.1", 5432), ("127.8.0.1", 5432), ("", 5432)),
                *(("::1", 5432, 0, 0), ("::ffff:127.0.0.1", 5432, 0, 0), (NOWHERE, 5432)),
            ],
            [("localhost", 80), ("128.0.0.1", 5432), ("localhost.example.com", 5432)],
        ),
        (
            "unix:/run/postgresql/*",
            [
                "/run/postgresql/.s.PGSQL.5432",
                b"/run/postgresql/a/b",
                bytearray(b"/run/postgresql/x"),
            ],
            [
                "/run/postgresql",
                "/run/mysql/x",
                ("/run/postgresql/x", 1),
                "@/run/postgresql/x",
                "",
                b"\0",
            ],
        ),
        ("unix:/run/*/a*.sock", ["/run/x/y/ab.sock", "/run//a.sock"], ["/run/x/ab", "/run/a.sock"]),
        ("unix:/run/*.*.*", ["/run/a.b.c", "/run/.."], ["/run/a.b"]),
        (
            "unix:@abstract",
            [b"\0abstract", "\0abstract"],
            ["@abstract", b"\0abstract\0", "abstract"],
        ),
        ("unix:@ab*", [b"\0abc", memoryview(b"\0ab")], [b"\0a", "/ab"]),
    ],
)
def test_what_is_meant(text: str, yes: list[object], no: list[object]) -> None:
    """Each form, by addresses that it means, and others."""
    assert [each for each in yes if not matches(text, each)] == []
    assert [each for each in no if matches(text, each)] == []


def test_paths_that_lead_to_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through links, from the working directory, or by dots."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    (real / "socket").touch()
    (real / "alias").symlink_to("socket")
    monkeypatch.chdir(tmp_path)

    for path in (f"{real}/socket", "link/socket", f"{tmp_path}/real/../link/socket", "real/alias"):
        for text in (f"unix:{link}/socket", f"unix:{real}/socket"):
            assert matches(text, path), (text, path)
            assert matches(text, os.fsencode(path))
        assert matches(f"unix:{link}/*", path)
        assert matches(f"unix:{tmp_path}/*", path)
        assert not matches(f"unix:{link}/other*", path)
        assert not matches("unix:/no/such/*", path)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        (
            "api.example.com",
            ["api.example.com", "API.EXAMPLE.COM."],
            ["example.com", "", "x.api.example.com"],
        ),
        (
            "*.example.com:443",
            ["api.example.com", "a.b.example.com"],
            ["example.com", "notexample.com"],
        ),
        ("bücher.example", ["BÜCHER.example", "xn--bcher-kva.example"], ["bucher.example"]),
        ("xn--bcher-kva.example", ["bücher.example"], ["bucher.example"]),
        ("localhost:5432", [], ["localhost"]),
        ("127.0.0.1:5432", [], ["localhost", "127.0.0.1"]),
        ("*:5432", [], ["api.example.com"]),
        ("unix:/run/*", [], ["/run/x"]),
    ],
)
def test_names_that_are_looked_up(text: str, yes: list[str], no: list[str]) -> None:
    """To look up a host is an attempt to reach it; not this machine, whose name needs no network."""
    addresses = Addresses([parse_address(text)])

    assert [each for each in yes if not addresses.matches_name(each)] == []
    assert [each for each in no if addresses.matches_name(each)] == []


def test_names_that_are_looked_up_for_a_port() -> None:
    """For another one it is no attempt; without one it may be."""
    addresses = Addresses([parse_address("api.example.com:443")])

    assert [addresses.matches_name("api.example.com", port) for port in (443, None, 80)] == [
        *(True, True, False)
    ]
    assert Addresses([parse_address("api.example.com")]).matches_name("api.example.com", 80)


def test_several_addresses() -> None:
    """Each of them is meant, and they are equal if each is."""
    texts = ["127.0.0.1:80", "api.example.com"]
    addresses = Addresses(map(parse_address, texts))

    assert addresses.matches(("127.0.0.1", 80), names_of)
    assert addresses.matches(("api.example.com", 80), names_of)
    assert not addresses.matches(("127.0.0.1", 81), names_of)
    assert addresses.matches_name("api.example.com")
    assert str(addresses) == "127.0.0.1:80, api.example.com"
    assert {addresses: 1}[Addresses(map(parse_address, texts))] == 1
    assert addresses != Addresses([])


@given(some.ip_addresses())
def test_ip_addresses_are_written_in_one_way(ip: Any) -> None:
    """As the system writes them."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    text = socket.inet_ntop(family, ip.packed)

    if getattr(ip, "ipv4_mapped", None) is None:
        assert ip_text(str(ip)) == {NOWHERE: "127.0.0.1", "::": "::1"}.get(text, text)
    assert ip_text(f"{ip}z") is None


def test_what_is_no_ip_address() -> None:
    """A name has no way to be written as one."""
    assert [ip_text(text) for text in ("api.example.com", "", "1.2.3.4.5", "09.1")] == [None] * 4
