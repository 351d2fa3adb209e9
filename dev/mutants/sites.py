"""The places of a module that can be changed: a comparison, a condition or a constant, each in one way."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
# Texts that people read are no logic: their wording has tests where it matters.
_TEXTS = ("description", "title", "message", "hint", "help")


@dataclass(frozen=True)
class Site:
    """One change: in which file, where, what it says, and what it would say."""

    path: Path
    line: int
    column: int
    kind: str
    original: str
    changed: str
    number: int  # among the sites of its file

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.original}  ->  {self.changed}"


def sites(path: Path, source: str) -> list[Site]:
    """Every site of a file, in the order of the syntax tree."""
    return [
        Site(path, node.lineno, node.col_offset, kind, ast.unparse(node), ast.unparse(other), number)
        for number, (node, other, kind) in enumerate(_changes(ast.parse(source)))
    ]


def changed(source: str, number: int) -> ast.Module:
    """The module with this one site changed; every other node keeps its place."""
    tree = ast.parse(source)
    for at, (node, other, _) in enumerate(_changes(tree)):
        if at == number:
            _Replace(node, other).visit(tree)
            return ast.fix_missing_locations(tree)
    raise IndexError(number)


class _Replace(ast.NodeTransformer):
    def __init__(self, node: ast.AST, other: ast.expr) -> None:
        self._node, self._other = node, other

    def visit(self, node: ast.AST) -> ast.AST:
        """This node or, within it, the one that is replaced."""
        return ast.copy_location(self._other, node) if node is self._node else super().visit(node)


Change = tuple[ast.expr, ast.expr, str]


def _changes(tree: ast.AST) -> Iterator[Change]:
    ignored = {id(inner) for node in _ignored(tree) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) not in ignored:
            if isinstance(node, ast.expr):
                yield from _expression(node)
            for test in _conditions(node):
                yield test, ast.UnaryOp(ast.Not(), test), "condition"


def _expression(node: ast.expr) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[op, *more]) if type(op) in _OTHER_COMPARISON:
            other = copy.copy(node)
            other.ops = [_OTHER_COMPARISON[type(op)](), *more]
            yield node, other, "comparison"
        case ast.BoolOp(op=op):
            other_op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield node, ast.BoolOp(other_op, node.values), "condition"
        case ast.UnaryOp(op=ast.Not()):
            yield node, node.operand, "condition"
        case ast.Constant(value=value):
            if (other_value := _other(value)) is not None:
                yield node, ast.Constant(other_value), "constant"


def _other(value: object) -> bool | float | str | None:
    """Another constant, None where it is not changed."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value and not any(map(str.isspace, value)):
        return f"{value}x"
    return None


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    """Conditions that are no comparison and no combination: those are changed as what they are."""
    tests = [node.test] if isinstance(node, ast.If | ast.IfExp | ast.While) else []
    tests += node.ifs if isinstance(node, ast.comprehension) else []
    return (
        t
        for t in tests
        if not isinstance(t, ast.Compare | ast.BoolOp | ast.Constant | ast.NamedExpr) and not _not(t)
    )


def _not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _ignored(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings and other expressions without effect, texts for people, names of types."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.JoinedStr():
                yield node
            case ast.keyword(arg=arg, value=value) if arg in _TEXTS:
                yield value
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                yield node
            case ast.Call(func=ast.Name(id="TypeVar" | "cast" | "NewType"), args=[first, *_]):
                yield first
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation):
                yield from _names_of_types(annotation)
            case ast.FunctionDef(returns=ast.expr() as returns):
                yield returns


def _names_of_types(annotation: ast.expr) -> Iterator[ast.AST]:
    """Strings in an annotation name types that are defined further down; numbers are limits."""
    return (n for n in ast.walk(annotation) if isinstance(n, ast.Constant) and isinstance(n.value, str))
