"""A child Python believes only a private directory that nobody else can have written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imbue.resource_guards import wire
from imbue.resource_guards.guards.call import Call
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import format_guards
from imbue.resource_guards.wire.guards_file import reference
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from imbue.resource_guards.wire.variable import session_key


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """What looks like the private directory of a session that guards `sdk.send`."""
    (tmp_path / "sdk.py").write_text("def send(): print('sent')")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    guarded = Guarded(1, [], [[reference(Call) or "", "sdk", "sdk", "sdk", "send", "", ""]])
    (private / wire.GUARDS_FILE).write_text(format_guards(guarded))
    for name in ("journal", "health"):
        (private / name).touch()
    return private


def send_in_child(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> subprocess.CompletedProcess[str]:
    """Call the SDK in a Python whose variable names the directory and allows nothing."""
    monkeypatch.setenv(SCOPE_VARIABLE, f" {session_key(str(private))}=1:,")
    command = [sys.executable, "-c", "import sdk; sdk.send()"]
    return subprocess.run(command, cwd=private.parent, capture_output=True, text=True, check=False)


def test_a_directory_of_ones_own(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is believed: the call is blocked, and is in the journal."""
    done = send_in_child(private, monkeypatch)

    assert done.stdout == ""
    assert "without @pytest.mark.sdk" in done.stderr
    assert "\tsdk\tblocked\t" in (private / "journal").read_text()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o702])
def test_a_directory_that_others_can_enter(
    private: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not believed: nothing is guarded, and nothing written there."""
    private.chmod(mode)

    done = send_in_child(private, monkeypatch)

    assert (done.stdout, done.stderr, done.returncode) == ("sent\n", "", 0)
    assert (private / "journal").read_text() == ""


def test_a_directory_that_says_nothing_readable(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is guarded by what cannot be read, and the child runs as ever."""
    (private / wire.GUARDS_FILE).write_text("guards\t0\npid\t1\npath\n")

    done = send_in_child(private, monkeypatch)

    assert (done.stdout, done.stderr, done.returncode) == ("sent\n", "", 0)
