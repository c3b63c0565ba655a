"""For each way of the entry in the variable ENTRY: unmarked and swallowed, marked, superfluous, and a client that is kept."""

import os

import clients
import pytest
import stub

ENTRY = os.environ["ENTRY"]
MARK = getattr(pytest.mark, ENTRY)
WAYS = clients.ways(ENTRY, os.environ.get("CLIENT", ""))
MADE = {}


@pytest.fixture
def came():
    """How many connections and requests have come since the test has begun."""
    before = stub.SERVER.count
    return lambda: stub.SERVER.count - before


def try_to_use(made):
    """Most have an answer that they cannot read, or a violation that they swallow."""
    try:
        made.use()
    except Exception as error:
        print(type(error), error)


def use_one(way):
    made = clients.WAYS[way]()
    try:
        try_to_use(made)
    finally:
        made.close()


def check(way, came):
    assert came() or not clients.WAYS[way].counts


@pytest.mark.parametrize("way", WAYS)
def test_unmarked(way, came):
    use_one(way)
    assert not came() or clients.WAYS[way].lingers


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_marked(way, came):
    use_one(way)
    check(way, came)


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_kept_first(way, came):
    MADE[way] = clients.WAYS[way]()
    try_to_use(MADE[way])
    check(way, came)


@pytest.mark.parametrize("way", WAYS)
def test_kept_unmarked(way, came):
    try_to_use(MADE[way])
    assert not came() or clients.WAYS[way].lingers


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_kept_second(way, came):
    try_to_use(MADE[way])
    check(way, came)
    MADE.pop(way).close()


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_superfluous(way):
    clients.WAYS[way]
