"""How resources are named, the marks that they get, and what a registration may give."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.guard import is_word
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.messages import declare as messages

if TYPE_CHECKING:
    from imbue.resource_guards.declare.probes import Probe

_PYTESTS_OWN = frozenset(
    {"filterwarnings", "parametrize", "skip", "skipif", "tryfirst", "trylast", "usefixtures"}
    | {"xfail"}
)

MARK: Final = "mark"
"""The key by which a table of the settings says a resource's mark."""


PROBE: Final = "probe"
"""The key by which it says how it is found out whether the resource is available."""


def key_of(kind: type[Guard]) -> str:
    """The key by which a table of the settings lists guards of a kind."""
    return kind.setting or f"{kind.kind}s"


def can_be_written(kind: type[Guard]) -> bool:
    """Whether a kind's guards can be written in settings: whether it has a way to read them."""
    return getattr(kind.parse, "__func__", None) is not getattr(Guard.parse, "__func__", None)


def keys_of(kind: type[Guard]) -> tuple[str, ...]:
    """All words of the settings that are a kind's own."""
    return kind.kind, key_of(kind), *kind.options


def check_kind(kind: type[Guard], known: Mapping[str, type[Guard]]) -> None:
    """Make sure that something is a kind of guard with words of its own.

    Args:
        kind: It.
        known: The kinds that there are, by their names.

    Raises:
        ResourceGuardMisconfiguration: It is none, or has another's words.
    """
    __tracebackhide__ = True
    is_kind = isinstance(kind, type) and issubclass(kind, Guard) and is_word(kind.kind)
    others = [each for each in known.values() if each is not kind]
    taken = {MARK, PROBE}.union(*map(keys_of, others))
    if not is_kind or not taken.isdisjoint(keys_of(kind)):
        raise ResourceGuardMisconfiguration(messages.no_kind(kind, known))


def know_layers(guard: Guard, known: dict[str, Layer]) -> None:
    """Add the layers of a guard to those that are known.

    Raises:
        ResourceGuardMisconfiguration: One cannot be named, or has another's name.
    """
    __tracebackhide__ = True
    for layer in guard.layers:
        is_layer = isinstance(layer, Layer) and layer.is_named
        if not is_layer or known.setdefault(layer.name, layer) != layer:
            raise ResourceGuardMisconfiguration(messages.layer_bad(guard, layer, known))


def some(label: str, argument: str, values: Iterable[Any]) -> list[Any]:
    """The values of an argument, of which there has to be one.

    Raises:
        ResourceGuardMisconfiguration: There is none, or it is no list.
    """
    __tracebackhide__ = True
    try:
        listed = list(values)
    except TypeError as error:
        raise ResourceGuardMisconfiguration(messages.not_a_list(label, argument, values)) from error
    if not listed:
        raise ResourceGuardMisconfiguration(messages.nothing_to_guard(label))
    return listed


def programs_of(label: str, binaries: Iterable[str] | None) -> list[str]:
    """The programs of a resource: those that are named, or one of its name.

    Raises:
        ResourceGuardMisconfiguration: They are no list, or the name cannot be a program's.
    """
    __tracebackhide__ = True
    if isinstance(binaries, str):
        raise ResourceGuardMisconfiguration(messages.binaries_is_text(label, binaries))
    if binaries is None and isinstance(label, str) and "/" in label:
        Program.parse(label, label)  # is refused, and not for what its mark would be
    return [label] if binaries is None else some(label, "binaries", binaries)


def probe_of(label: str, probe: object) -> Probe:
    """The probe that a registration gives: a text as settings have it, or a function.

    Raises:
        ResourceGuardMisconfiguration: It is neither.
    """
    __tracebackhide__ = True
    if callable(probe):

        def ask_it(_seconds: float) -> str:
            from imbue.resource_guards.declare.probes import ask  # few sessions ask any
            from imbue.resource_guards.declare.probes import title_of

            return ask(label, title_of(probe), probe)

        return ask_it
    from imbue.resource_guards.declare.probes import read_probe

    return read_probe(label, probe)


def text_or_none(label: str, mark: object) -> str | None:
    """A mark that a registration gives.

    Raises:
        ResourceGuardMisconfiguration: It is no text.
    """
    __tracebackhide__ = True
    if mark is not None and not isinstance(mark, str):
        raise ResourceGuardMisconfiguration(messages.mark_not_text(label, mark))
    return mark


def mark_name(label: str, mark: str | None = None) -> str:
    """The mark of the resource registered as `label`: given, or the label with underscores.

    Examples:
        >>> mark_name("docker-compose")
        'docker_compose'
        >>> mark_name("7z", mark="sevenzip")
        'sevenzip'

    Raises:
        ResourceGuardMisconfiguration: There is no label, or its mark cannot be written after
            ``@pytest.mark.`` or means something else to pytest.
    """
    __tracebackhide__ = True
    if not isinstance(label, str) or not label.strip():
        raise ResourceGuardMisconfiguration(messages.name_empty(label))
    if not label.isprintable():
        raise ResourceGuardMisconfiguration(messages.name_unprintable(label))
    name = mark if mark is not None else label.replace("-", "_").replace(".", "_")
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ResourceGuardMisconfiguration(messages.name_no_identifier(label, name))
    if name in _PYTESTS_OWN:
        raise ResourceGuardMisconfiguration(messages.name_is_pytests(label, name))
    return name
