"""Text to surface tree. The world is closed: a construct without a rule is an error.

Python's own parser reads the text; its tree is translated at once and never compiled or run.
"""

import ast
import warnings

from terpret.language import syntax
from terpret.language.errors import MAX_BYTES, Diagnostic, Diagnostics, ModelError, Source, Span
from terpret.language.translate import Translator

MAX_DEPTH = 64
MAX_PARTS = 60_000


def parse(source: Source) -> syntax.Module:
    """Parses the text of a model.

    Args:
      source: the text and its name.

    Returns:
      The surface tree.

    Raises:
      ModelError: with every construct that the language does not have.
    """
    tree = _python_tree(source)
    diagnostics = Diagnostics(source)
    _refuse_large(tree, source, diagnostics)
    diagnostics.raise_errors()
    statements = Translator(source, diagnostics).block(tree.body)
    diagnostics.raise_errors()
    return syntax.Module(statements)


def _python_tree(source: Source) -> ast.Module:
    def refuse(code: str, line: int, column: int, message: str, help: str) -> ModelError:
        line = min(max(1, line), len(source.lines))
        column = min(max(1, column), len(source.line(line)) + 1)
        span = Span(line, column, line, column + 1)
        return ModelError(source, [Diagnostic(code, span, message, help)])

    if len(source.text) > MAX_BYTES:
        message = f"the model is larger than {MAX_BYTES:,} bytes"
        raise refuse("E102", 1, 1, message, "split it, or write repeated parts as loops")
    for k, line in enumerate(source.lines, 1):
        if "\0" in line:
            message, help = "the text holds a null byte", "save the model as plain text"
            raise refuse("E110", k, line.index("\0") + 1, message, help)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse("\n".join(source.lines))
    except SyntaxError as error:
        text = (error.msg or "invalid syntax").split(";")[0]
        raise refuse(
            "E110",
            error.lineno or 1,
            error.offset or 1,
            f"this is not Python syntax: {text}",
            "look at the marked place and just before it",
        ) from None
    except (RecursionError, MemoryError):
        message, help = "the text is nested too deeply", f"nest at most {MAX_DEPTH} levels"
        raise refuse("E111", *_deepest(source), message, help) from None
    except ValueError:
        message, help = "the model is not UTF-8 text", "save it as UTF-8"
        raise refuse("E103", 1, 1, message, help) from None


def _deepest(source: Source) -> tuple[int, int]:
    """The longest line: what overflows Python's parser is one huge expression."""
    longest = max(range(len(source.lines)), key=lambda k: len(source.lines[k]))
    return longest + 1, 1


def _refuse_large(tree: ast.Module, source: Source, diagnostics: Diagnostics) -> None:
    # Each node with the nearest around it that has a place; statements have their own.
    level: list[tuple[ast.AST, ast.AST]] = [(node, node) for node in tree.body]
    parts = 0
    for _ in range(MAX_DEPTH):
        parts += len(level)
        if parts > MAX_PARTS:
            diagnostics.add(
                "E102",
                source.end(),
                f"the model has more than {MAX_PARTS:,} names, numbers and operators",
                "write repeated parts as loops",
            )
            return
        below: list[tuple[ast.AST, ast.AST]] = []
        for node, outer in level:
            placed = node if hasattr(node, "lineno") else outer
            chained = node.orelse if isinstance(node, ast.If) and len(node.orelse) == 1 else ()
            for child in ast.iter_child_nodes(node):
                # An elif chain is one level, however long: follow it here.
                if isinstance(child, ast.If) and chained and child is chained[0]:
                    level.append((child, placed))
                elif not isinstance(child, ast.expr_context):
                    below.append((child, placed))
        if not below:
            return
        level = below
    node, outer = level[0]
    span = _start(source, node if hasattr(node, "lineno") else outer)
    diagnostics.add(
        "E111", span, "the text is nested too deeply", f"nest at most {MAX_DEPTH} levels"
    )


def _start(source: Source, node: ast.AST) -> Span:
    # Not every node has a place, but those that are asked for have one.
    line, offset = (getattr(node, name) for name in ("lineno", "col_offset"))
    start = source.column(line, offset)
    return Span(line, start, line, start + 1)
