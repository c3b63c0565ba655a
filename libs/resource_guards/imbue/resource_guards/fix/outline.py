"""The definitions of a module: where they stand, and a module with one of them exchanged."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import TypeAlias
from typing import TypeVar

import libcst as cst

from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.messages.reasons import ASSIGNED
from imbue.resource_guards.messages.reasons import DEFINED_TWICE
from imbue.resource_guards.messages.reasons import NOT_FOUND

Definition: TypeAlias = cst.FunctionDef | cst.ClassDef
Block: TypeAlias = cst.Module | cst.IndentedBlock
SmallLine: TypeAlias = cst.SimpleStatementLine | cst.SimpleStatementSuite
Statement: TypeAlias = cst.BaseStatement | cst.SimpleStatementSuite
NodeT = TypeVar("NodeT", bound=cst.CSTNode)

_PARTS = ("body", "handlers", "cases", "orelse", "finalbody")
IMPORTS: Final = (cst.Import, cst.ImportFrom)
DEFINITIONS: Final = (cst.FunctionDef, cst.ClassDef)
_LEAVES: Final = (*DEFINITIONS, cst.SimpleStatementLine, cst.SimpleStatementSuite)
"""Nearly all statements. To ask for their type is faster than `isinstance`, of which a file of thousands needs millions."""
_EXCLUSIVE = (cst.If, cst.Try, cst.TryStar, cst.Match)


@dataclass(frozen=True, slots=True)
class Found:
    """A definition.

    Args:
        node: The definition.
        owner: The class whose body it stands in, if any.
        top: The definition at the level of the module that is it or has it.
    """

    node: Definition
    owner: cst.ClassDef | None
    top: Definition


def contents(block: cst.Module | cst.BaseSuite) -> tuple[Statement, ...]:
    """The statements of a module or of a body, which may stand on the line of its colon."""
    if isinstance(block, (cst.Module, cst.IndentedBlock)):
        return tuple(block.body)
    return (block,) if isinstance(block, cst.SimpleStatementSuite) else ()


def branches(statement: Statement) -> tuple[tuple[Statement, ...], ...]:
    """The bodies that run in the scope that the statement stands in."""
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef, *_SMALL_LINES)):
        return ()
    bodies: list[tuple[Statement, ...]] = []
    for part in _PARTS:
        for child in _listed(getattr(statement, part, None)):
            if isinstance(child, cst.If):
                bodies += branches(child)
            elif isinstance(child, cst.BaseSuite):
                if not _only_for_types(statement, part):
                    bodies.append(contents(child))
            else:
                inner = getattr(child, "body", None)
                bodies += [contents(inner)] if isinstance(inner, cst.BaseSuite) else []
    return tuple(bodies)


def statements(
    body: Iterable[Statement], *, nested: bool = False
) -> Iterator[tuple[Statement, bool]]:
    """All the statements of a scope in their order, and whether each is in another one."""
    for statement in body:
        yield statement, nested
        if type(statement) in _LEAVES:
            continue
        for branch in branches(statement):
            yield from statements(branch, nested=True)


def small_statements(statement: Statement) -> Sequence[cst.BaseSmallStatement]:
    """The simple statements on a line, of which there may be several."""
    return statement.body if isinstance(statement, _SMALL_LINES) else ()


def find(module: cst.Module, qualname: str, *kinds: type[Definition]) -> tuple[Found, ...]:
    """The definition of that name, or several in branches of which only one runs.

    Args:
        module: Where to look.
        qualname: The names of the classes that it is in and its own, with dots between.
        kinds: What it may be, a function or a class.

    Raises:
        EditError: There is none, or more than one.
    """
    *classes, name = qualname.split(".")
    owners: list[Found | None] = [None]
    wanted: list[tuple[str, tuple[type[Definition], ...]]] = []
    wanted += [(step, (cst.ClassDef,)) for step in classes]
    for step, types in [*wanted, (name, kinds)]:
        assigned = False
        founds: list[Found | None] = []
        for owner in owners:
            body = contents(owner.node.body if owner else module)
            sites = _sites(body, step)
            if len(sites) > 1:
                raise EditError(DEFINED_TWICE)
            for node in sites[0] if sites else ():
                assigned |= isinstance(node, cst.BaseSmallStatement)
                if isinstance(node, types):
                    inside = owner.node if owner else None
                    in_class = inside if isinstance(inside, cst.ClassDef) else None
                    founds.append(Found(node, in_class, owner.top if owner else node))
        owners = founds
    if not owners:
        raise EditError(ASSIGNED if assigned else NOT_FOUND)
    return tuple(found for found in owners if found)


def named(module: cst.Module, qualname: str) -> list[cst.CSTNode]:
    """The names where it is defined, of whatever kind; the assignments to it where it is not."""
    bodies = [contents(module)]
    founds: list[Definition] = []
    assigned: list[cst.CSTNode] = []
    for step in qualname.split("."):
        assigned = [
            small
            for body in bodies
            for statement, _ in statements(body)
            for small in small_statements(statement)
            if _assigns(small, step)
        ]
        founds = [
            statement
            for body in bodies
            for statement, _ in statements(body)
            if isinstance(statement, (cst.FunctionDef, cst.ClassDef))
            and statement.name.value == step
        ]
        bodies = [contents(found.body) for found in founds]
    return [found.name for found in founds] or assigned


def swapped(
    module: cst.Module, old: Statement, new: Statement, top: Statement | None = None
) -> cst.Module:
    """The module with one statement, known by its identity, exchanged for another.

    Args:
        module: The module.
        old: The statement.
        new: What takes its place.
        top: The statement of the module that is it or has it, where that is known: thousands of others then need no look.
    """

    def exchanged(block: Block, index: int) -> Block:
        return block.with_changes(body=[*block.body[:index], new, *block.body[index + 1 :]])

    if top is not None and top is not old and any(each is top for each in module.body):
        return swapped(module, top, rebuild(top, old, exchanged, new))
    return rebuild(module, old, exchanged, new)


def rebuild(
    node: NodeT,
    target: Statement,
    change: Callable[[Block, int], Block],
    suite: Statement | None = None,
) -> NodeT:
    """The node with a change to the block that a statement, known by its identity, stands in.

    Only the way to that statement is made anew, which is why this does not visit the whole tree.

    Args:
        node: A module, or a part of one.
        target: The statement.
        change: Given the block and the statement's index in it, returns the new block.
        suite: What to put in the target's place if it is the rest of its parent's line.
    """
    if isinstance(node, _SMALL_LINES):
        return node
    if isinstance(node, (cst.Module, cst.IndentedBlock)):
        for index, statement in enumerate(node.body):
            if statement is target:
                return change(node, index)  # type: ignore[return-value] # of the same type
    for part in () if isinstance(node, cst.FunctionDef) else _PARTS:
        child = getattr(node, part, None)
        if child is target and suite is not None:
            return node.with_changes(**{part: suite})
        for index, inner in enumerate(_listed(child)):
            rebuilt = rebuild(inner, target, change, suite)
            if rebuilt is not inner:
                if child is inner:
                    return node.with_changes(**{part: rebuilt})
                listed = _listed(child)
                together = [*listed[:index], rebuilt, *listed[index + 1 :]]
                return node.with_changes(**{part: together})
    return node


_SMALL_LINES = (cst.SimpleStatementLine, cst.SimpleStatementSuite)


def _listed(child: cst.CSTNode | Sequence[cst.CSTNode] | None) -> Sequence[cst.CSTNode]:
    if child is None:
        return ()
    return (child,) if isinstance(child, cst.CSTNode) else child


def _only_for_types(statement: cst.CSTNode, part: str) -> bool:
    return isinstance(statement, cst.If) and part == "body" and is_for_types(statement.test)


def is_for_types(test: cst.BaseExpression) -> bool:
    """Whether a condition is ``TYPE_CHECKING``: what it guards is not run, and binds no name."""
    name = test.attr if isinstance(test, cst.Attribute) else test
    return isinstance(name, cst.Name) and name.value == "TYPE_CHECKING"


def _sites(body: tuple[Statement, ...], name: str) -> list[tuple[cst.CSTNode, ...]]:
    """The places that bind a name, each with its alternatives."""
    sites: list[tuple[cst.CSTNode, ...]] = []
    for statement in body:
        if type(statement) in DEFINITIONS:
            if statement.name.value == name:  # type: ignore[union-attr] # it is one of these
                sites.append((statement,))
            continue
        sites += [(small,) for small in small_statements(statement) if _assigns(small, name)]
        each = [_sites(branch, name) for branch in branches(statement)]
        # `if` and `else` may each define it: whichever runs, it is the same test.
        if isinstance(statement, _EXCLUSIVE) and all(len(found) <= 1 for found in each):
            alternatives = tuple(node for found in each for site in found for node in site)
            sites += [alternatives] if alternatives else []
        else:
            sites += [site for found in each for site in found]
    return sites


def _assigns(small: cst.BaseSmallStatement, name: str) -> bool:
    targets: Sequence[cst.CSTNode] = ()
    if isinstance(small, cst.Assign):
        targets = [target.target for target in small.targets]
    elif isinstance(small, cst.AnnAssign) and small.value is not None:
        targets = [small.target]
    return any(isinstance(target, cst.Name) and target.value == name for target in targets)
