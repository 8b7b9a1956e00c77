"""A set's own solution: its code, and what of it a test calls."""

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import Literal

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<tag>[\w+.#-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*```|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PYTHON = ("", "python", "python3", "py", "py3")
_SOLUTION = re.compile(r"Solution\(\)\.(\w+)")


@dataclass(frozen=True)
class Parameter:
    """A parameter without `self`; the annotation as written, "" where there is none."""

    name: str
    annotation: str
    has_default: bool


@dataclass(frozen=True)
class Entry:
    """What a test calls.

    `call` is how: `twoSum`, `Solution().twoSum`, or the name of a class whose methods a
    test calls one after the other. `returns` is None where nothing is annotated.
    """

    kind: Literal["function", "method", "class"]
    call: str
    parameters: tuple[Parameter, ...]
    returns: str | None
    gives_back: bool  # some `return` has a value, or there is a `yield`
    methods: tuple[str, ...] = ()  # of a class


def blocks(text: str) -> list[str]:
    """Code of the fenced Python blocks of a text; a last one may lack its end.

    >>> blocks("Text\\n```python\\nx = 1\\n```\\n```sh\\nls\\n```")
    ['x = 1\\n']
    """
    return [
        textwrap.dedent(found["code"])
        for found in _FENCE.finditer(text)
        if found["tag"].lower() in _PYTHON
    ]


def parsed(code: str) -> ast.Module | None:
    """The code as a tree; None where it does not parse, for whatever reason."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def code_of(text: str) -> str | None:
    """A solution's code: its first fenced block that parses, else all of it; or None.

    Methods that lost their class (`def f(self, …)` at the top) get `class Solution`.
    """
    for code in [*blocks(text), textwrap.dedent(text)]:
        tree = parsed(code)
        if tree is not None and any(isinstance(n, _DEFINITION) for n in tree.body):
            return _with_class(code, tree)
    return None


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITION = (*_FUNCTION, ast.ClassDef)


def _with_class(code: str, tree: ast.Module) -> str:
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    others = [n for n in tree.body if not isinstance(n, ast.FunctionDef)]
    if (
        not functions
        or not all(f.args.args[:1] and f.args.args[0].arg == "self" for f in functions)
        or any(isinstance(n, ast.ClassDef) and n.name == "Solution" for n in others)
    ):
        return code
    methods = [textwrap.indent(ast.unparse(f), "    ") for f in functions]
    above = [ast.unparse(n) for n in others]
    return "\n\n".join([*above, "class Solution:\n" + "\n\n".join(methods)]) + "\n"


def entry_of(code: str, named: str | None = None) -> Entry | None:
    """What tests call in the code, None where there is nothing.

    `named`, where the set names it, is looked up. Else: the first public method of
    `class Solution`, the last function, or the last class.
    """
    tree = parsed(code)
    body = tree.body if tree is not None else []
    classes = {n.name: n for n in body if isinstance(n, ast.ClassDef)}
    functions = {n.name: n for n in body if isinstance(n, ast.FunctionDef)}
    if named is None:
        order = ["Solution" if "Solution" in classes else "", *reversed(functions)]
        named = next((n for n in [*order, *reversed(classes)] if n), "")
        if named == "Solution":
            return _method(classes[named], None)
    if method := _SOLUTION.fullmatch(named):
        return _method(classes.get("Solution"), method[1])
    if named in functions:
        return _function(functions[named])
    return _class(classes[named]) if named in classes else None


def starter_of(code: str, entry: Entry) -> str:
    """The lines that a bare continuation of the entry continues: class and signature.

    >>> code = "class Solution:\\n    def f(self, n: int) -> int:\\n        return n\\n"
    >>> print(starter_of(code, entry_of(code)))
    class Solution:
        def f(self, n: int) -> int:
    """
    name = entry.call.removeprefix("Solution().")
    tree = ast.parse(code)
    if entry.kind == "class":
        return f"class {name}:"
    body = tree.body
    if entry.kind == "method":
        body = next(
            n.body for n in body if isinstance(n, ast.ClassDef) and n.name == "Solution"
        )
    node = next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == name)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"def {name}({ast.unparse(node.args)}){returns}:"
    return f"class Solution:\n    {line}" if entry.kind == "method" else line


def _function(node: ast.FunctionDef) -> Entry:
    return Entry("function", node.name, *_signature(node, bound=False))


def _method(solution: ast.ClassDef | None, name: str | None) -> Entry | None:
    body = solution.body if solution is not None else []
    for node in body:
        if not isinstance(node, ast.FunctionDef):
            continue
        if node.name == name or (name is None and not node.name.startswith("_")):
            kinds = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
            bound = "staticmethod" not in kinds
            return Entry(
                "method", f"Solution().{node.name}", *_signature(node, bound=bound)
            )
    return None


def _class(node: ast.ClassDef) -> Entry:
    methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
    made = methods.get("__init__")
    parameters = _signature(made, bound=True)[0] if made else ()
    return Entry("class", node.name, parameters, None, True, tuple(methods))


def _signature(
    node: ast.FunctionDef, *, bound: bool
) -> tuple[tuple[Parameter, ...], str | None, bool]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    n_required = len(arguments) - len(node.args.defaults)
    parameters = [
        Parameter(
            argument.arg,
            ast.unparse(argument.annotation) if argument.annotation else "",
            i >= n_required,
        )
        for i, argument in enumerate(arguments)
    ]
    returns = ast.unparse(node.returns) if node.returns else None
    return tuple(parameters[1:] if bound else parameters), returns, _gives_back(node)


def _gives_back(node: ast.FunctionDef) -> bool:
    """Whether the function itself, not one inside it, returns a value or yields."""
    queue: list[ast.AST] = [*node.body]
    while queue:
        inner = queue.pop()
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if isinstance(inner, ast.Return) and inner.value is not None:
            nothing = (
                isinstance(inner.value, ast.Constant) and inner.value.value is None
            )
            if not nothing:
                return True
        if not isinstance(inner, (*_DEFINITION, ast.Lambda)):
            queue += ast.iter_child_nodes(inner)
    return False
