"""Mutants: programs with one small mistake in one function, as somebody might type it.

Mistaken are comparisons at their edge, equality, arithmetic, `and` and `or`, `not`, numbers (one
more), truth values, words, `min` and `max`, `any` and `all`, which end of a sequence is cut off,
orders (`sorted`, `reversed`), conditions that are no comparison, `break` and `continue`.
What a module says outside functions, defaults of parameters, annotations, the text of assertions
and `strict=True` (an assertion too) stay as they are.
"""

import ast
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
ORDERS = ("sorted", "reversed")
LEFT_ALONE = ("annotation", "returns", "decorator_list", "args", "msg", "exc")
"""Fields that are not mutated; those called `args` only in the head of a function."""

Function = ast.FunctionDef


class Mutant(NamedTuple):
    """One mistake: where it is, what stands there and what would, and the function's new code."""

    module: str
    function: str
    line: int
    before: str
    after: str
    code: CodeType

    @property
    def name(self) -> str:
        """Say which mistake it is; the same wherever the function stands in its file."""
        return f"{self.module}.{self.function}: {self.before} -> {self.after}"


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of every function of a module, in the order of the source."""
    tree = ast.parse(source)
    for name, function in _functions(tree):
        for parent, field, at, child in _places(function):
            for other in _mistakes(parent, field, child):
                before = _text(parent, child)
                _put(parent, field, at, ast.fix_missing_locations(ast.copy_location(other, child)))
                after, code = _text(parent, other), codes(tree, module)[name]
                _put(parent, field, at, child)
                yield Mutant(module, name, _line(parent, child), before, after, code)


def codes(tree: ast.Module, filename: str) -> dict[str, CodeType]:
    """Compile a module and return the code of everything in it by qualified name."""
    found: dict[str, CodeType] = {}
    rest = [compile(tree, filename, "exec")]
    while rest:
        code = rest.pop()
        found[code.co_qualname] = code
        rest += [const for const in code.co_consts if isinstance(const, CodeType)]
    return found


def recording(source: str, call: str) -> dict[str, CodeType]:
    """Return the code of each function, changed so that it first calls `call` with its name."""
    tree = ast.parse(source)
    names = [name for name, _ in _functions(tree)]
    for name, function in _functions(tree):
        function.body[:0] = ast.parse(f"{call}({name!r})").body
    compiled = codes(tree, "recording")
    return {name: compiled[name] for name in names}


def living(module: ModuleType) -> dict[str, FunctionType]:
    """Return the functions of a module, its methods and properties too, by qualified name."""
    classes = [one for one in vars(module).values() if inspect.isclass(one)]
    owners = [module, *[one for one in classes if one.__module__ == module.__name__]]
    found: dict[str, FunctionType] = {}
    for owner in owners:
        for value in vars(owner).values():
            bare = inspect.unwrap(getattr(value, "fget", getattr(value, "__func__", value)))
            if isinstance(bare, FunctionType) and bare.__module__ == module.__name__:
                found[bare.__qualname__] = bare
    return found


# --- where ---------------------------------------------------------------------------------------


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            inner = [one for one in node.body if isinstance(one, Function)]
            yield from [(f"{node.name}.{one.name}", one) for one in inner]


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield every node below one, with the field (and the place in it) where it hangs."""
    for field, value in ast.iter_fields(parent):
        if field in LEFT_ALONE and (field != "args" or isinstance(parent, Function)):
            continue
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and getattr(child, "arg", "") != "strict":
                yield parent, field, at, child
                yield from _places(child)


def _put(parent: ast.AST, field: str, at: int | None, child: ast.AST) -> None:
    if at is None:
        setattr(parent, field, child)
    else:
        getattr(parent, field)[at] = child


def _text(parent: ast.AST, child: ast.AST) -> str:
    """Return the source around a node: its expression or simple statement."""
    compound = hasattr(parent, "body") and not isinstance(parent, ast.IfExp | ast.Lambda)
    return ast.unparse(child if compound else parent).strip()


def _line(parent: ast.AST, child: ast.AST) -> int:
    return int(getattr(child, "lineno", getattr(parent, "lineno", 0)))


# --- which ---------------------------------------------------------------------------------------


def _mistakes(parent: ast.AST, field: str, child: ast.AST) -> Iterator[ast.AST]:
    """Yield what might stand in place of a node."""
    swapped = SWAPS.get(type(child))
    if swapped is not None:
        yield swapped()
    match child:
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=value) if not isinstance(parent, ast.Expr):
            yield from _other_constants(value)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in ORDERS:
            yield ast.Call(ast.Name("list", ast.Load()), [first], [])
        case ast.Name(id=name) if name in NAMES and field == "func":
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Slice(lower=lower, upper=upper) if (lower is None) != (upper is None):
            yield ast.Slice(upper, lower)
    if field in ("test", "ifs") and isinstance(child, ast.Name | ast.Attribute | ast.Call):
        yield ast.UnaryOp(ast.Not(), child)


def _other_constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"not {value}")
