"""Walks through a bundle: every struct in it, each with the path by which JSON leads there."""

from collections.abc import Iterator
from functools import cache

import msgspec
from msgspec import inspect

Found = tuple[str, msgspec.Struct]


def walk(value: object, path: str) -> Iterator[Found]:
    """Yield each struct in a value, with its path: itself, then what it holds, field by field."""
    if isinstance(value, msgspec.Struct):
        yield path, value
        for field, name in _holders(type(value)):
            inner = getattr(value, field)
            if inner is not None and inner != ():
                yield from walk(inner, f"{path}.{name}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}")


@cache
def fields_of(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    """Return the fields of a type, with what each may hold."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType), "only structs have fields"
    return described.fields


@cache
def _holders(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return the fields that may hold structs, each with its name in JSON."""
    return tuple(
        [(field.name, field.encode_name) for field in fields_of(kind) if _holds(field.type)]
    )


def _holds(kind: inspect.Type) -> bool:
    match kind:
        case inspect.StructType():
            return True
        case inspect.UnionType(types=types):
            return any(_holds(part) for part in types)
        case inspect.VarTupleType(item_type=item):
            return _holds(item)
        case inspect.DictType(value_type=value):
            return _holds(value)
        case _:
            return False
