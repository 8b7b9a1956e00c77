"""An answer as it is written, with what was read of it."""

from functools import cached_property, lru_cache

from fusemill.verify.mathematics.lists import Items, items, with_both_signs
from fusemill.verify.mathematics.notation import canonical, clean
from fusemill.verify.mathematics.numbers import Quantity, quantity


class Written:
    """One answer. Everything that is read of it is read once, when it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def plain(self) -> str:
        """`notation.clean` of the text."""
        return clean(self.text)

    @cached_property
    def quantity(self) -> Quantity | None:
        """`numbers.quantity`."""
        return quantity(self.plain)

    @cached_property
    def items(self) -> Items | None:
        """`lists.items`, with both signs of ``±``."""
        return items(with_both_signs(self.plain))

    @cached_property
    def canonical(self) -> str:
        """`notation.canonical`."""
        return canonical(self.plain)


@lru_cache(maxsize=4096)
def written(text: str) -> Written:
    """The answer; answers of many models to one question are often the same."""
    return Written(text)
