"""A property that is computed once."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class once(Generic[_Value]):  # noqa: N801 (used as a decorator, like property)
    """What `functools.cached_property` is from Python 3.12 on: without a lock around each value.

    The instance must have a `__dict__`, in which the value is kept under the property's name.
    """

    def __init__(self, compute: Callable[[Any], _Value]) -> None:
        self._compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn under which name the value is kept."""
        self._name = name

    def __get__(self, instance: Any, owner: type) -> _Value:
        """Compute the value and keep it; from then on Python finds it without asking here."""
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
