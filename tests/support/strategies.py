"""Hypothesis strategies drawn from the contract's structs themselves.

A new event type or field is covered without touching a test.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from contract import events


def instances(kind: type) -> st.SearchStrategy[Any]:
    """Valid values of ``kind``: a struct or one of its field types."""
    return _strategy(inspect.type_info(kind))


def _strategy(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            required = {field.name: _strategy(field.type) for field in fields if field.required}
            optional = {field.name: _strategy(field.type) for field in fields if not field.required}
            given = st.fixed_dictionaries(required, optional=optional)
            return given.map(lambda values: cls(**values))
        case inspect.Metadata(type=inner):
            return _strategy(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_strategy(member) for member in types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, high)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True)
        case inspect.StrType(min_length=low, max_length=high):
            alphabet = st.characters(exclude_categories=["Cs"])
            return st.text(alphabet, min_size=low or 0, max_size=high)
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            small = min(high if high is not None else 3, 3)
            return st.lists(_strategy(item), min_size=low or 0, max_size=small).map(tuple)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_strategy(key), _strategy(value), max_size=3)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.BytesType(min_length=low):
            return st.binary(min_size=low or 0, max_size=(low or 0) + 20)
        case inspect.RawType():
            return st.just(msgspec.Raw(b"{}"))
    raise AssertionError(f"no strategy for {kind}; add one here")


BODY_TYPES: Sequence[type[msgspec.Struct]] = tuple(
    sorted(events.Body.__args__, key=lambda body: body.__name__)
)

publics = instances(events.Public)
privates = instances(events.Private)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
salts = st.binary(min_size=16, max_size=16)
