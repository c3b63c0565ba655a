"""PATH shims: small programs that stand before the real ones and see them started.

A shim is POSIX ``sh`` and uses builtins only, so that a guarded call costs one shell and no
further process (and not ``:`` to empty a file: a redirection that fails ends the shell there). It
takes its scope from the environment variable if that survived and names one, else from the state file;
then it says from which child of the pytest process it comes, where ``/proc`` tells, since that may
have outlived its test. Words that a shim compares are Python identifiers, and every path in it is quoted.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards import wire
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.forks import BLOCKED
from imbue.resource_guards.guard import SHIM
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.binaries import find_runnable
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.system import whole
from imbue.resource_guards.wire import line
from imbue.resource_guards.wire.variable import ANY_SCOPE
from imbue.resource_guards.wire.variable import ASKS
from imbue.resource_guards.wire.variable import OUTSIDE
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from imbue.resource_guards.wire.variable import parse_entries

# Signal 25 is SIGXFSZ, by which a limit for file sizes would end the shell before it could tell that
# it has recorded nothing. What stands between @@ is filled in. Arguments are written out one by one,
# a long one by its length, and line ends and tabs as escapes: a record is one line, and one write,
# of bounded size.
_SCRIPT: Final = """\
#!/bin/sh
# pytest resource guards: stands before the real program while pytest process @@pid@@ runs tests.
_rg=${@@variable@@-}
case $_rg in
*" @@key@@="*)
  _rg=${_rg##*" @@key@@="}
  _rg=${_rg%%" "*} ;;
*) _rg=@@asks@@ ;;
esac
case $_rg in
@@asks@@)
  IFS= read -r _rg < @@state@@ || _rg=
  case $_rg in
  @@any_scope@@:*)
    _rg_top=$$
    _rg_up=$PPID
    while [ "$_rg_up" != @@pid@@ ] && IFS= read -r _rg_stat 2>&- < "/proc/$_rg_up/stat"; do
      _rg_top=$_rg_up
      _rg_stat=${_rg_stat##*") "}
      _rg_stat=${_rg_stat#* }
      _rg_up=${_rg_stat%% *}
    done
    if [ "$_rg_up" = @@pid@@ ]; then
      _rg="@@any_scope_text@@$_rg_top${_rg#?}"
    fi ;;
  esac ;;
esac
case $_rg in
@@outside@@:) exec @@real@@ "$@" ;;
*:*,@@resource@@,*) _rg_outcome=@@allowed@@ ;;
*:,*) _rg_outcome=@@blocked@@ ;;
*)
  printf '' 2>&- > @@health@@
  printf '%s\\n' @@no_state@@ >&2
  exit @@code@@ ;;
esac
_rg_nl='
'
_rg_tab='	'
_rg_what=@@name@@
for _rg_arg do
  if [ ${#_rg_what} -gt 1000 ]; then
    _rg_what="$_rg_what ..."
    break
  fi
  if [ ${#_rg_arg} -gt 200 ]; then
    _rg_arg="<${#_rg_arg} bytes>"
  fi
  for _rg_cut in n t; do
    if [ $_rg_cut = n ]; then _rg_at=$_rg_nl; else _rg_at=$_rg_tab; fi
    _rg_done=
    while :; do
      case $_rg_arg in
      *"$_rg_at"*)
        _rg_done="$_rg_done${_rg_arg%%"$_rg_at"*}\\\\$_rg_cut"
        _rg_arg=${_rg_arg#*"$_rg_at"} ;;
      *) break ;;
      esac
    done
    _rg_arg=$_rg_done$_rg_arg
  done
  case $_rg_arg in
  '' | *[!A-Za-z0-9_./:=@%+,-]*) _rg_arg="'$_rg_arg'" ;;
  esac
  _rg_what="$_rg_what $_rg_arg"
done
_rg_by=
if [ "$_rg_outcome" = @@blocked@@ ]; then
  _rg_up=$PPID
  while [ "$_rg_up" != @@pid@@ ] && IFS= read -r _rg_stat 2>&- < "/proc/$_rg_up/stat"; do
    _rg_name=${_rg_stat#*"("}
    _rg_name=${_rg_name%")"*}
    case $_rg_name in
    *[!A-Za-z0-9_./:=@%+,-]*) _rg_name='?' ;;
    esac
    _rg_by="$_rg_name${_rg_by:+ > $_rg_by}"
    _rg_stat=${_rg_stat##*") "}
    _rg_stat=${_rg_stat#* }
    _rg_up=${_rg_stat%% *}
    case $_rg_up in
    0 | 1) break ;;
    esac
  done
fi
trap '' 25
printf '@@begin@@\\t%s\\t@@resource@@\\t%s\\t@@layer@@\\t%s\\t\\t%s\\t%s\\t@@end@@\\n' \\
  "${_rg%%:*}" "$_rg_outcome" "$$" "$_rg_by" "$_rg_what" >> @@journal@@ || {
  printf '' 2>&- > @@health@@
  printf '%s\\n' @@no_record@@ >&2
  exit @@code@@
}
trap - 25
if [ "$_rg_outcome" = @@allowed@@ ]; then
  exec @@real@@ "$@"
fi
printf '%s\\n' @@refusal@@ >&2
exit @@code@@
"""

_REFUSAL: Final = """\
#!/bin/sh
# pytest resource guards: started in place of a program whose use is noted already, and refused.
printf '%s\\n' {refusal} >&2
exit {code}
"""

_PARTS: Final = _SCRIPT.split("@@")
"""Every other one is the name of what comes there."""


class Shims:
    """The shims of one pytest process, in a folder that is first on its PATH.

    Args:
        directory: The private directory.
        key: The session's name in the environment variable.
    """

    def __init__(self, directory: Path, key: str) -> None:
        self.directory = directory
        self._key = key
        if os.pathsep in str(directory):
            raise ResourceGuardMisconfiguration(messages.directory_has_colon(directory))
        around = parse_entries(ENVIRONMENT.get(SCOPE_VARIABLE, "")).keys() - {key}
        # One digit, for the native layer, which sends inner shims on to outer ones.
        (directory / "level").write_text(str(min(len(around), 9)), "utf-8")
        self._folder = directory / "bin"
        self._folder.mkdir()
        self.folder = str(self._folder)
        self._made = {self.folder}
        self._octets = os.fsencode(self.folder)
        self._environment = raw_environment()
        self._seen: bytes | None = None
        path = ENVIRONMENT.get("PATH", os.defpath).split(os.pathsep)
        # What is relative there starts from where the session does, whatever a test or child enters.
        self.path_at_start = [whole(entry or ".") for entry in path]
        self.put_on_path()

    def add(self, resource: Resource, name: str) -> Binary:
        """Put a shim before a binary; returns the binary, as it is installed.

        There is no shim for one that is not installed, so that `shutil.which` keeps telling the
        truth. The real program is the first on the PATH that the session found; where that is the
        shim of a pytest around this one, both see the use.

        Raises:
            ResourceGuardMisconfiguration: Programs in the private directory cannot be run.
        """
        candidates = [f"{folder}/{name}" for folder in self.path_at_start]
        there = [path for path in candidates if system.access(path, system.F_OK)]
        found = [find_runnable([path])[0] for path in there]
        paths = [os.path.abspath(path) for path in found if path is not None]
        binary = Binary(name, resource.name, paths)
        for file, where in binary.shims.items():
            shim = self._write(where, self._script(resource, name, binary.real[file]))
            if not os.access(shim, os.X_OK):
                raise ResourceGuardMisconfiguration(
                    messages.directory_noexec(self.directory, resource)
                )
        if binary.refusal not in self._made:  # one for all programs of a resource
            refusal = shlex.quote(messages.shim_refusal(resource))
            self._write(binary.refusal, _REFUSAL.format(refusal=refusal, code=BLOCKED))
            self._made.add(binary.refusal)
        return binary

    def _write(self, where: str, script: str) -> str:
        path = f"{self.directory}/{where}"
        folder = path.rpartition("/")[0]
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)
            self._made.add(folder)
        system.write_file(path, script.encode("utf-8", "surrogateescape"), 0o700)
        os.chmod(path, 0o700)
        return path

    def put_on_path(self) -> None:
        """Make the folder the first on PATH, unless PATH has it: a test may have put fakes first."""
        path = self._environment.get(b"PATH", b"")
        if path is self._seen:  # the very object, unless something has set it since the last test
            return
        if self._octets not in path:
            rest = ENVIRONMENT.get("PATH", os.defpath)
            ENVIRONMENT["PATH"] = f"{self.folder}{os.pathsep}{rest}"
        self._seen = self._environment.get(b"PATH", b"")

    def discard(self, name: str) -> None:
        """Take the shim of a binary away again."""
        (self._folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Take the folder off PATH, and leave what a test may have changed there."""
        path = ENVIRONMENT.get("PATH", "").split(os.pathsep)
        if self.folder in path:
            path.remove(self.folder)
            ENVIRONMENT["PATH"] = os.pathsep.join(path)

    def _script(self, resource: Resource, binary: str, real: str) -> str:
        quote = shlex.quote
        values = {
            "variable": SCOPE_VARIABLE,
            "key": self._key,
            "pid": os.getpid(),
            "state": quote(str(self.directory / wire.STATE_FILE)),
            "journal": quote(str(self.directory / wire.JOURNAL_FILE)),
            "health": quote(str(self.directory / wire.HEALTH_FILE)),
            "real": quote(real),
            "name": quote(binary),
            "resource": resource.name,
            "outside": OUTSIDE,
            "asks": quote(ASKS),
            "any_scope": quote(ANY_SCOPE),
            "any_scope_text": ANY_SCOPE,
            "allowed": line.ALLOWED,
            "blocked": line.BLOCKED,
            "layer": SHIM.name,
            "begin": line.BEGIN,
            "end": line.END,
            "code": BLOCKED,
            "no_state": quote(messages.shim_no_state(resource)),
            "no_record": quote(messages.shim_no_record(resource)),
            "refusal": quote(messages.shim_refusal(resource)),
        }
        # Not by string.Template, which calls a function for each dollar sign of the shell's own.
        texts = [str(values[part]) if at % 2 else part for at, part in enumerate(_PARTS)]
        return "".join(texts)
