"""The files in a session's private directory that other processes read or write, by their names."""

from __future__ import annotations

JOURNAL = "journal"
"""Takes a line for each use that another process sees; `wire/line.py` has its form."""

HEALTH = "health"
"""Holds one byte. Who cannot write to the journal empties it, which works where a disk is full."""

STATE = "state"
"""What the scope that runs may use, for whom no variable has reached; `wire/variable.py` has its form."""

GUARDS = "guards"
"""What is guarded, for child Pythons; `wire/guards_file.py` has its form."""
