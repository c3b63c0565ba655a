"""What may be the name of a resource, and the mark that it gets."""

from __future__ import annotations

import keyword

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages

_PYTESTS_OWN = frozenset(
    {"filterwarnings", "parametrize", "skip", "skipif", "tryfirst", "trylast", "usefixtures"}
    | {"xfail"}
)


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
