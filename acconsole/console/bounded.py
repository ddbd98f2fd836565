"""A cache that forgets what was not used for longest, once it holds more than so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class Bounded(Generic[ValueT]):
    """Values by key, of at most `limit` bytes in all; one that is larger alone is not kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, tuple[ValueT, int]] = OrderedDict()
        self.held = 0

    def get(self, key: Hashable) -> ValueT | None:
        """The value, which is now the last to be forgotten; None when it is not held."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Hashable, value: ValueT, size: int) -> None:
        """Keep a value that takes `size` bytes."""
        self.drop(key)
        if size > self._limit:
            return
        self._values[key] = (value, size)
        self.held += size
        while self.held > self._limit:
            _, (_, gone) = self._values.popitem(last=False)
            self.held -= gone

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is held."""
        _, size = self._values.pop(key, (None, 0))
        self.held -= size

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self.held = 0
