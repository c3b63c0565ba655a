"""Receipts."""

import gzip

import pytest
from shop.receipts import packed


@pytest.mark.gzip
def test_packed():
    assert gzip.decompress(packed("tea 4.50")) == b"tea 4.50"
