"""Which blocks of the pure code run: each is told to leave its mark, in code that is otherwise the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

# Marks of the blocks that ran: a file and the line of the block's first statement.
Block = tuple[str, int]
MARKS: set[Block] = set()
_NAME = "__ran__"


def marked(path: Path, source: str) -> ast.Module:
    """The module with a mark at the start of each block of a function."""
    tree = ast.parse(source)
    for function in _functions(tree):
        for body in _bodies(function):
            body.insert(_first(body), _mark(path, body))
    return ast.fix_missing_locations(tree)


def block_of(path: Path, source: str, line: int, column: int) -> Block | None:
    """The innermost block around a place, None for what runs when the module is imported."""
    found: Block | None = None
    for function in _functions(ast.parse(source)):
        for body in _bodies(function):
            if _holds(body, (line, column)):
                found = (str(path), body[_first(body)].lineno)
    return found


def names() -> dict[str, object]:
    """What a marked module has to know."""
    return {_NAME: MARKS.add}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """From the outside in: ``ast.walk`` goes breadth first."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _bodies(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """The function's own and those of its statements, nested functions apart."""
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop(0)
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value
            parts = value if isinstance(value, list) else [value]
            waiting += [part for part in parts if _is_inside(part)]


def _is_inside(part: object) -> bool:
    compound = isinstance(part, ast.stmt | ast.excepthandler | ast.match_case)
    return compound and not isinstance(part, ast.FunctionDef | ast.ClassDef)


def _first(body: list[ast.stmt]) -> int:
    """Where the first statement is after a docstring."""
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    return int(documented)


def _mark(path: Path, body: list[ast.stmt]) -> ast.stmt:
    first = body[_first(body)]
    block = ast.Tuple([ast.Constant(str(path)), ast.Constant(first.lineno)], ast.Load())
    call = ast.Call(ast.Name(_NAME, ast.Load()), [block], [])
    return ast.copy_location(ast.Expr(call), first)


def _holds(body: list[ast.stmt], place: tuple[int, int]) -> bool:
    last = body[-1]
    start = (body[0].lineno, body[0].col_offset)
    return start <= place < (last.end_lineno or 0, last.end_col_offset or 0)
