"""What two processes must agree on: each form in one module, written and read there.

Here are the names of the files in a session's private directory that other processes read or write.
"""

from __future__ import annotations

JOURNAL_FILE = "journal"
"""Takes a line for each use that another process sees; `wire/line.py` has its form."""

HEALTH_FILE = "health"
"""Holds one byte. Who cannot write to the journal empties it, which works where a disk is full."""

STATE_FILE = "state"
"""What the scope that runs may use, for whom no variable has reached; `wire/variable.py` has its form."""

GUARDS_FILE = "guards"
"""What is guarded, for child Pythons; `wire/guards_file.py` has its form."""
