"""Cases: declarations of real files, with the places where each is used, told by syntax and chosen to be certain.

A function, method, class or constant is taken only where the whole repository binds its name once, so that every
other mention of it in code is a use. A parameter or local is taken where its function binds the name once; other
functions may well use the same name, and must be left alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from ai_lsp.context.languages import language_of, syntax_of
from ai_lsp.context.syntax_facts import tree_bytes

KINDS = ("function", "method", "class", "constant", "parameter", "local", "import")
MOST_USES = 25
_SHORTEST = {"parameter": 3, "local": 3, "import": 3}

_DECLARES: Mapping[str, str] = {
    "function_definition": "function", "function_declaration": "function", "function_item": "function",
    "generator_function_declaration": "function", "method_definition": "method", "method_declaration": "method",
    "function_signature_item": "method", "class_definition": "class", "class_declaration": "class",
    "struct_item": "class", "enum_item": "class", "trait_item": "class", "type_spec": "class",
    "interface_declaration": "class", "type_alias_declaration": "class", "type_item": "class",
    "const_item": "constant", "static_item": "constant", "const_spec": "constant", "method_elem": "method",
}  # fmt: skip
"""Nodes whose field `name` is declared; a function within a class is a method."""

_FUNCTIONS = frozenset({
    "function_definition", "function_declaration", "function_item", "generator_function_declaration",
    "method_definition", "method_declaration", "arrow_function", "function_expression", "func_literal",
    "closure_expression", "lambda",
})  # fmt: skip
_HOLDERS = frozenset({"class_definition", "class_body", "impl_item", "trait_item", "declaration_list"})
_PARAMETERS = frozenset(
    {"parameters", "formal_parameters", "parameter_list", "closure_parameters", "lambda_parameters"}
)
_QUIET = frozenset({
    "string", "comment", "template_string", "regex", "interpreted_string_literal", "raw_string_literal",
    "rune_literal", "string_literal", "char_literal", "line_comment", "block_comment",
})  # fmt: skip
_CODE = frozenset({"interpolation", "template_substitution"})
_MEMBERS = frozenset({"property_identifier", "field_identifier", "private_property_identifier"})
_SHORT = frozenset(
    {"shorthand_property_identifier", "shorthand_property_identifier_pattern", "shorthand_field_identifier"}
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in a file, by line and characters."""

    path: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Case:
    """A declaration to be renamed, its uses, and mentions in strings and comments of the files it is used in."""

    kind: str
    old: str
    new: str
    declared: Spot
    uses: tuple[Spot, ...]
    quiet: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a file's tree. `binds`: the kind of declaration that it is, "" for none; `inside`: the starts of
    the functions that hold it, the outermost first."""

    spot: Spot
    name: str
    binds: str
    inside: tuple[int, ...]
    is_member: bool
    is_short: bool
    is_quiet: bool


def mentions(path: str, language: str, text: str) -> list[Mention]:
    """All names of a file."""
    row = language_of(language, path)
    if row is None:
        return []
    data = tree_bytes(text)
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    out: list[Mention] = []
    for node, inside, is_quiet, is_held in _leaves(syntax_of(row).parser().parse(data).root_node):
        line = node.start_point[0]
        at = node.start_byte - starts[line]
        word = data[node.start_byte : node.end_byte].decode()
        if is_quiet:
            out += _quiet_words(path, line, at, word)
        elif node.type.endswith("identifier"):
            binds = _binds(node, is_held)
            within = inside[:-1] if _names_function(node) else inside
            out.append(Mention(
                Spot(path, line, at, at + len(word)), word, binds, within, _is_member(node), node.type in _SHORT,
                is_quiet=False,
            ))  # fmt: skip
    return out


def _quiet_words(path: str, line: int, at: int, text: str) -> Iterator[Mention]:
    for down, part in enumerate(text.split("\n")):
        column, word = at if not down else 0, ""
        for number, sign in enumerate(part + " "):
            if sign.isalnum() or sign == "_":
                word += sign
            elif word:
                end = column + number
                spot = Spot(path, line + down, end - len(word), end)
                yield Mention(spot, word, "", (), is_member=False, is_short=False, is_quiet=True)
                word = ""


def _leaves(root: Node) -> Iterator[tuple[Node, tuple[int, ...], bool, bool]]:
    """Names and quiet texts with the function around them, and whether a class holds them directly."""
    waiting: list[tuple[Node, tuple[int, ...], bool]] = [(root, (), False)]
    while waiting:
        node, inside, is_held = waiting.pop()
        if node.type in _QUIET:
            code = [c for c in _within(node) if c.type in _CODE]
            waiting += [(c, inside, is_held) for c in code]
            if not code:
                yield node, inside, True, is_held
            continue
        if not node.children:
            yield node, inside, False, is_held
            continue
        if node.type in _FUNCTIONS:
            inside, held = (*inside, node.start_byte), False
        else:
            held = True if node.type in _HOLDERS else is_held
        for child in node.children:
            is_name = node.type in _DECLARES and child == node.child_by_field_name("name")
            waiting.append((child, inside, is_held if is_name else held))


def _within(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        if child.type not in _CODE:
            yield from _within(child)


def _names_function(node: Node) -> bool:
    up = node.parent
    return up is not None and up.type in _FUNCTIONS and up.child_by_field_name("name") == node


def _binds(node: Node, is_held: bool) -> str:
    """What kind of declaration a name is, "" where it is none."""
    up = node.parent
    if up is None:
        return ""
    kind = _DECLARES.get(up.type)
    if kind is not None and up.child_by_field_name("name") == node:
        return "method" if kind == "function" and is_held else kind
    above = up.parent
    if up.type == "aliased_import" and up.child_by_field_name("alias") == node:
        return "import"
    if up.type in _PARAMETERS or (above is not None and above.type in _PARAMETERS and _first(up) == node):
        return "parameter"
    if up.type == "variable_declarator" and up.child_by_field_name("name") == node:
        value = up.child_by_field_name("value")
        is_import = value is not None and value.text is not None and value.text.startswith(b"require(")
        return "import" if is_import else "local"
    if up.type in ("assignment", "let_declaration") and node in (
        up.child_by_field_name("left"), up.child_by_field_name("pattern"),
    ):  # fmt: skip
        return "local"
    if up.type == "import_clause":
        return "import"
    if above is not None and above.type == "short_var_declaration" and above.child_by_field_name("left") == up:
        return "local"
    if up.type in ("for_statement", "for_in_clause", "pattern_list", "tuple_pattern", "with_item", "var_spec"):
        return "other" if node != up.child_by_field_name("right") else ""
    return ""


def _first(node: Node) -> Node | None:
    return node.child_by_field_name("pattern") or node.child_by_field_name("name") or node.child(0)


def _is_member(node: Node) -> bool:
    """Whether a name belongs to a value or a call, not to a scope: `x.name`, `f(name=1)`."""
    up = node.parent
    if node.type in _MEMBERS:
        return True
    if up is None:
        return False
    return (up.type == "attribute" and up.child_by_field_name("attribute") == node) or (
        up.type == "keyword_argument" and up.child_by_field_name("name") == node
    )


def cases(files: Mapping[str, tuple[str, str]], most: int, seed: str) -> list[Case]:
    """Up to `most` cases of each kind; `files` has (language, text) by path."""
    found: dict[str, list[Mention]] = {}
    for path, (language, text) in sorted(files.items()):
        for one in mentions(path, language, text):
            found.setdefault(one.name, []).append(one)
    out: dict[str, list[Case]] = {kind: [] for kind in KINDS}
    for name, every in found.items():
        for case in (*_wide(name, every), *_narrow(name, every)):
            out[case.kind].append(case)
    dice = random.Random(seed)
    return [case for kind in KINDS for case in dice.sample(out[kind], min(most, len(out[kind])))]


def _wide(name: str, every: list[Mention]) -> Iterator[Case]:
    """A declaration that all files see, where nothing else binds the name."""
    bound = [m for m in every if m.binds]
    if len(bound) != 1 or bound[0].binds not in ("function", "method", "class", "constant", "local"):
        return
    kind = bound[0].binds
    if kind == "local":
        if bound[0].inside or not name.isupper():
            return
        kind = "constant"
    ending = bound[0].spot.path.rsplit(".", 1)[-1]
    uses = tuple(m.spot for m in every if not m.is_quiet and m is not bound[0])
    if len(name) < 5 or not 1 <= len(uses) <= MOST_USES or any(m.is_short for m in every):
        return
    if (
        name.startswith("__")
        or name.lower().startswith("test")
        or any(u.path.rsplit(".", 1)[-1] != ending for u in uses)
    ):
        return
    quiet = tuple(m.spot for m in every if m.is_quiet)
    yield Case(kind, name, renamed(name), bound[0].spot, uses, quiet)


def _narrow(name: str, every: list[Mention]) -> Iterator[Case]:
    """Parameters and locals that their function binds once, and imported names that their file binds once."""
    for one in every:
        if one.binds not in ("parameter", "local", "import") or len(name) < _SHORTEST[one.binds]:
            continue
        here = [m for m in every if m.spot.path == one.spot.path]
        code = [m for m in here if not m.is_quiet and not m.is_member]
        if one.binds == "import":
            mine = [m for m in code if m is one or m.spot.line != one.spot.line]
        elif not one.inside or name in ("self", "cls", "this"):
            continue
        else:
            mine = [m for m in code if m.inside[: len(one.inside)] == one.inside]
        uses = tuple(m.spot for m in mine if m is not one)
        if sum(bool(m.binds) for m in mine) != 1 or not 1 <= len(uses) <= MOST_USES:
            continue
        if any(m.is_short for m in mine):
            continue
        quiet = tuple(m.spot for m in here if m.is_quiet)
        yield Case(one.binds, name, renamed(name), one.spot, uses, quiet)


def renamed(name: str) -> str:
    """Another name in the same spelling."""
    dice = random.Random(name)
    word = dice.choice(["active", "current", "inner", "parsed", "shared", "initial"])
    if name.isupper():
        return f"{name}_{word.upper()}"
    if "_" in name.strip("_") or name.islower():
        return dice.choice([f"{name}_{word}", f"{word}_{name.lstrip('_')}"])
    return name + word.capitalize()
