"""JSON Schema 2020-12 of words, with what their source says about each field."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

REF = "#/components/schemas/{name}"


def components(types: Iterable[type[Any]]) -> dict[str, Any]:
    """Return the schemas of types and of all they are made of, by name.

    Each property is described by the text below it in the source.
    """
    wanted = tuple(types)
    _, schemas = msgspec.json.schema_components(wanted, ref_template=REF)
    structs = _structs(wanted)
    return {name: _described(schema, structs.get(name)) for name, schema in schemas.items()}


def reference(kind: type[Any]) -> dict[str, str]:
    """Return a reference to a type's schema."""
    return {"$ref": REF.format(name=kind.__name__)}


def _described(schema: Mapping[str, Any], kind: type[Any] | None) -> dict[str, Any]:
    described = dict(schema)
    if kind is None or "properties" not in schema:
        return described
    texts = field_texts(kind)  # type: ignore[arg-type]  # a class is hashable
    described["properties"] = {
        name: {**field, "description": texts[name]} if name in texts else field
        for name, field in schema["properties"].items()
    }
    return described


def _structs(types: Iterable[type[Any]]) -> dict[str, type[Any]]:
    """Return all structs that types are made of, by name."""
    found: dict[str, type[Any]] = {}
    for info in msgspec.inspect.multi_type_info(types):
        _collect(info, found)
    return found


def _collect(info: Any, found: dict[str, type[Any]]) -> None:
    match info:
        case msgspec.inspect.StructType():
            if info.cls.__name__ not in found:
                found[info.cls.__name__] = info.cls
                for field in info.fields:
                    _collect(field.type, found)
        case msgspec.inspect.UnionType():
            for one in info.types:
                _collect(one, found)
        case msgspec.inspect.Metadata():
            _collect(info.type, found)
        case msgspec.inspect.DictType():
            _collect(info.value_type, found)
        case msgspec.inspect.TupleType():
            for one in info.item_types:
                _collect(one, found)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            _collect(info.item_type, found)
        case _:
            pass


@cache
def field_texts(kind: type[Any]) -> Mapping[str, str]:
    """Return what the source says of a class's fields: the text that stands below each."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("msgspec") or base is object:
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(body, ast.ClassDef)
        texts |= _below_fields(body.body)
    return texts


def _below_fields(body: list[ast.stmt]) -> dict[str, str]:
    texts = {}
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = inspect.cleandoc(text)
    return texts
