"""A conftest whose items are no functions, from files that are no modules."""

from __future__ import annotations

COMMAND_ITEMS = """
import subprocess, pytest

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".commands":
        return Commands.from_parent(parent, path=file_path)

class Commands(pytest.File):
    def collect(self):
        yield Command.from_parent(self, name="command")

class Command(pytest.Item):
    def runtest(self):
        subprocess.run(["tool"])
        error = self.path.read_text()
        if error:
            raise OSError(error)

    def repr_failure(self, excinfo):
        return f"told as text: {excinfo.value}"

    def reportinfo(self):
        return self.path, 0, self.name
"""
"""Each file ``*.commands`` is one item, which runs ``tool`` and then fails with the file's text."""
