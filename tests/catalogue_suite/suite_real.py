"""For each way of the entry in the variable ENTRY with a real server: one's own client, and one that tests share."""

import os

import pytest
import real

ENTRY = os.environ["ENTRY"]
MARK = getattr(pytest.mark, ENTRY)
WAYS = [name for name, each in real.WAYS.items() if each.entry == ENTRY and each.server in real.PORTS]
MADE = {}


def use_one(way):
    made = real.WAYS[way]()
    try:
        made.use()
    finally:
        made.close()


@pytest.mark.parametrize("way", WAYS)
def test_unmarked(way):
    try:
        use_one(way)
    except BaseException as error:
        print(type(error), error)


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_marked(way):
    use_one(way)


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_kept_first(way):
    MADE[way] = real.WAYS[way]()
    MADE[way].use()


@pytest.mark.parametrize("way", WAYS)
def test_kept_unmarked(way):
    try:
        MADE[way].use()
    except BaseException as error:
        print(type(error), error)


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_kept_second(way):
    try:
        MADE[way].use()
    except Exception as error:  # some give a connection up with any error, and have to connect anew
        print(type(error), error)
        MADE[way] = real.WAYS[way]()
        MADE[way].use()
    MADE.pop(way).close()


@MARK
@pytest.mark.parametrize("way", WAYS)
def test_superfluous(way):
    real.WAYS[way]
