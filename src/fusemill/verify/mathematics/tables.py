"""Tables written as text: easier to read and to change than lists of quoted words."""


def words(table: str) -> tuple[str, ...]:
    """The words of a table, in order.

    >>> words("one two")
    ('one', 'two')
    """
    return tuple(table.split())


def pairs(table: str) -> dict[str, str]:
    """A table of ``key:value`` words.

    >>> pairs("ft:foot in:inch")
    {'ft': 'foot', 'in': 'inch'}
    """
    return {key: value for key, _, value in (w.partition(":") for w in table.split())}
