"""What is no use of the entry in the variable ENTRY."""

import os

import mocks
import pytest

ENTRY = os.environ["ENTRY"]
MOCKS = [each for each in mocks.MOCKS.get(ENTRY, ()) if mocks.is_there(each)]


@pytest.mark.parametrize("mock", MOCKS)
def test_unmarked(mock):
    mock()


@getattr(pytest.mark, ENTRY)
@pytest.mark.parametrize("mock", MOCKS)
def test_superfluous(mock):
    mock()
