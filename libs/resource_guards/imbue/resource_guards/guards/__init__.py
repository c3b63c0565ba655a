"""The kinds of guards: each is one class in one module, and one row of `table.py`."""
