"""What a file's tree says of its lines and names: what holds them, what a name declares, how far that reaches.

One table of node types serves all grammars: they name the same things alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.view import View

_DEPTH = 4

FUNCTIONS = frozenset({
    "function_definition", "function_declaration", "function_item", "generator_function_declaration",
    "generator_function", "method_definition", "method_declaration", "arrow_function", "function_expression",
    "function", "func_literal", "closure_expression", "lambda", "lambda_expression", "lambda_literal",
    "constructor_declaration", "method", "singleton_method", "block_argument", "do_block", "macro_definition",
    "local_function_statement", "anonymous_function", "function_signature_item", "init_declaration",
})  # fmt: skip
_TYPES = frozenset({
    "class_definition", "class_declaration", "class", "struct_item", "enum_item", "trait_item", "union_item",
    "type_spec", "type_alias", "interface_declaration", "type_alias_declaration", "type_item", "enum_declaration",
    "struct_declaration", "record_declaration", "class_specifier", "struct_specifier", "enum_specifier",
    "type_definition", "module", "namespace_definition", "mod_item", "trait_declaration", "protocol_declaration",
    "object_declaration", "type_alias_statement", "abstract_class_declaration",
})  # fmt: skip
_HOLDERS = frozenset({
    "class_definition", "class_body", "impl_item", "trait_item", "interface_body", "class", "class_declaration",
    "class_specifier", "field_declaration_list", "struct_item", "interface_declaration",
    "object_type", "record_declaration", "enum_body", "interface_type", "struct_type",
})  # fmt: skip
_MEMBER_DECLARATIONS = frozenset({
    "method_elem", "field_declaration", "public_field_definition", "property_signature", "method_signature",
    "field_definition", "enum_variant", "property_declaration",
})  # fmt: skip
_CONSTANTS = frozenset(
    {"const_item", "static_item", "const_spec", "var_spec", "preproc_def", "preproc_function_def"}
)
_PARAMETERS = frozenset({
    "parameters", "formal_parameters", "parameter_list", "closure_parameters", "lambda_parameters",
    "method_parameters", "block_parameters", "inferred_parameters", "lambda_function_parameters",
})  # fmt: skip
_IMPORTS = frozenset({
    "aliased_import", "import_clause", "import_specifier", "namespace_import", "use_as_clause", "import_spec",
    "import_from_statement", "use_declaration", "use_list", "scoped_use_list", "import_declaration",
})  # fmt: skip
_ASSIGNED: dict[str, tuple[str, ...]] = {
    "assignment": ("left",), "variable_declarator": ("name",), "let_declaration": ("pattern",),
    "short_var_declaration": ("left",), "init_declarator": ("declarator",), "for_statement": ("left",),
    "for_in_clause": ("left",), "for_in_statement": ("left",), "range_clause": ("left",),
    "for_expression": ("pattern",), "named_expression": ("name",), "enhanced_for_statement": ("name",),
    "let_condition": ("pattern",), "catch_clause": ("parameter",), "as_pattern": ("alias",),
    "as_pattern_target": (), "declaration": ("declarator",), "foreach_statement": ("left",),
    "variable_declaration": ("name",),
}  # fmt: skip
"""What gives a local a value, and the field in which its name stands; () where any place in it is one."""

_GIVING = frozenset({
    "assignment", "variable_declarator", "let_declaration", "short_var_declaration", "named_expression",
    "init_declarator",
})  # fmt: skip
_PATTERNS = frozenset({
    "pattern_list", "tuple_pattern", "list_pattern", "object_pattern", "array_pattern", "expression_list",
    "left_assignment_list", "pair_pattern", "object_assignment_pattern", "assignment_pattern", "rest_pattern",
    "mut_pattern", "ref_pattern", "tuple_struct_pattern", "struct_pattern", "field_pattern", "pointer_declarator",
    "reference_pattern", "list_splat_pattern", "array_declarator", "variable_list", "captured_pattern",
})  # fmt: skip
_QUIET = frozenset({
    "string", "comment", "template_string", "regex", "interpreted_string_literal", "raw_string_literal",
    "rune_literal", "string_literal", "char_literal", "line_comment", "block_comment", "string_content",
    "string_fragment", "heredoc_body", "encapsed_string", "character_literal", "jsx_text",
})  # fmt: skip
_CODE = frozenset({"interpolation", "template_substitution", "string_interpolation"})
_BLOCKS = frozenset({
    "block", "statement_block", "compound_statement", "for_statement", "for_in_statement", "for_expression",
    "if_statement", "if_expression", "match_arm", "catch_clause", "enhanced_for_statement", "while_expression",
    "expression_switch_statement", "type_switch_statement", "communication_case", "expression_case",
    "switch_body", "switch_block", "foreach_statement",
})  # fmt: skip
_COMPREHENSIONS = frozenset({
    "list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression",
})  # fmt: skip
_WIDE = frozenset({"python", "ruby", "php", "lua"})
"""Languages in which only functions are scopes, not the blocks in them."""

_BARE_MEMBERS = frozenset({"java", "csharp", "cpp", "ruby", "kotlin", "swift", "scala"})
"""Languages in which a method is called without naming its object."""

Reach = Literal["local", "file", "member", "import"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text; `reach` says what it declares, None where it declares nothing."""

    line: int
    start: int
    end: int
    node: Node
    reach: Reach | None
    is_member: bool
    is_quiet: bool


class Scopes:
    """The tree of one version of a document."""

    def __init__(self, root: Node, view: View, language: str) -> None:
        self._root, self._view, self.language = root, view, language

    def function(self, line: int) -> tuple[int, int] | None:
        """First and last line of the innermost function that holds a line; None outside of functions."""
        node = self._at(line)
        while node is not None and not (node.type in FUNCTIONS and node.is_named):
            node = node.parent
        return None if node is None else (node.start_point[0], node.end_point[0])

    def kinds(self, line: int) -> tuple[str, ...]:
        """The smallest piece of code that holds a line's text, by its grammar's name, and those around it."""
        text = self._view.lines[line] if line < len(self._view.lines) else ""
        body = text.strip()
        if not body:
            return ()
        first = len(text) - len(text.lstrip())
        last = first + max(0, len(body.rstrip(",;")) - 1)
        node = self._root.descendant_for_point_range((line, first), (line, last))
        out: list[str] = []
        while node is not None and len(out) < _DEPTH:
            out.append(node.type)
            node = node.parent
        return tuple(out)

    def _at(self, line: int) -> Node | None:
        text = self._view.lines[line] if line < len(self._view.lines) else ""
        first = len(text) - len(text.lstrip())
        return self._root.descendant_for_point_range((line, first), (line, first))

    def mentions(self, name: str, lines: tuple[int, int] | None = None) -> list[Mention]:
        """Where a name stands, of all lines or of those from the first to the last given."""
        out = []
        for number in self._view.on(name):
            if lines is None or lines[0] <= number <= lines[1]:
                found = name_pattern(name).finditer(self._view.lines[number])
                out += [self.mention(number, one.start(), one.end()) for one in found]
        return out

    def mention(self, line: int, start: int, end: int) -> Mention:
        """What stands at a place of the text."""
        node = self._root.descendant_for_point_range((line, start), (line, end))
        assert node is not None
        is_quiet = any(n.type in _QUIET for n in _up_to_code(node)) or _is_key(node)
        is_name = not is_quiet and node.start_point == (line, start) and node.end_point == (line, end)
        reach = _reach(node) if is_name else None
        return Mention(line, start, end, node, reach, is_name and _is_member(node), is_quiet or not is_name)

    def home(self, mention: Mention) -> Node:
        """The piece of code in which what a mention declares may be used."""
        if mention.reach == "member":
            return _holder(mention.node) or self._root
        if mention.reach in ("file", "import", None):
            up = _enclosing(mention.node, frozenset())
            return up if up is not None and mention.reach == "file" else self._root
        blocks = frozenset() if self.language in _WIDE or _is_parameter(mention.node) else _BLOCKS
        return _enclosing(mention.node, blocks) or self._root

    @property
    def declares_anew(self) -> bool:
        """Whether a name may be declared twice in a block, the second time as another variable."""
        return self.language == "rust"

    def end_of_declaration(self, mention: Mention) -> int:
        """Where the statement ends that declares a local: from there on it may be used."""
        for up in _up(mention.node):
            if up.type in ("let_declaration", "let_condition"):
                return up.end_byte
            if up.type in FUNCTIONS:
                break
        return mention.node.end_byte

    def gives(self, declared: Mention, mention: Mention) -> bool:
        """Whether a mention is on the line of a declaration, in what the declared name is given as its value:
        there the old name still means what it did before."""
        if mention.line != declared.line:
            return False
        statement = next((up for up in _up(declared.node) if up.type in _GIVING or up.type in FUNCTIONS), None)
        if statement is None or statement.type in FUNCTIONS:
            return False  # a parameter: what is given as a value is the function
        return bool(statement.end_byte > mention.node.start_byte >= declared.node.end_byte)

    @property
    def has_bare_members(self) -> bool:
        """Whether a method may be called here without naming its object."""
        return self.language in _BARE_MEMBERS


def is_shorthand(mention: Mention) -> bool:
    """Whether a name is key and value at once, `{ name }`; what a module exports goes by its own name."""
    node, up = mention.node, mention.node.parent
    if up is not None and up.type == "shorthand_field_initializer":
        return True
    if node.type != "shorthand_property_identifier":
        return False
    above = up.parent if up is not None else None
    left = above.child_by_field_name("left") if above is not None else None
    return left is None or left.text is None or b"exports" not in left.text


def holds(node: Node, mention: Mention) -> bool:
    """Whether a mention stands in a piece of code."""
    return bool(node.start_byte <= mention.node.start_byte and mention.node.end_byte <= node.end_byte)


def _up(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent


def _up_to_code(node: Node) -> Iterator[Node]:
    for one in _up(node):
        if one.type in _CODE or one.type.endswith(("statement", "block", "declaration")):
            return
        yield one


def _names(parent: Node, node: Node, *fields: str) -> bool:
    return any(node in parent.children_by_field_name(field) for field in fields)


def _reach(node: Node) -> Reach | None:
    """How far what a name declares reaches; None where it declares nothing."""
    up = node.parent
    if up is None:
        return None
    if up.type in FUNCTIONS or up.type in _TYPES or up.type in _CONSTANTS:
        if _names(up, node, "name"):
            return _level(up)
        if up.type not in ("lambda", "arrow_function", "lambda_expression"):
            return None
        return "local" if _names(up, node, "parameter", "parameters") else None
    if up.type in _MEMBER_DECLARATIONS and _names(up, node, "name"):
        return "member"
    if up.type == "function_declarator" and _names(up, node, "declarator"):
        return _level(up)
    if any(one.type in _IMPORTS for one in (up, up.parent) if one is not None):
        if _names(up, node, "alias") or up.type in ("import_clause", "namespace_import"):
            return "import"
        above = up.parent
        if up.type == "dotted_name" and above is not None and _names(above, up, "name"):
            return "import" if up.child_count == 1 and above.type != "aliased_import" else None
        if _is_elsewhere(node):
            return None
        return "import" if up.type in ("import_specifier", "use_list") or node.parent != above else None
    if _is_parameter(node):
        return "local"
    return _assigned(node)


def _level(declaration: Node) -> Reach:
    """The reach of a declaration by what holds it."""
    for one in _up(declaration.parent):
        if one.type in FUNCTIONS and one.is_named:
            return "local"
        if one.type in _HOLDERS:
            return "member"
    return "member" if declaration.type == "method_declaration" else "file"


def _is_parameter(node: Node) -> bool:
    """Whether a name is declared as a parameter."""
    inner, up = node, node.parent
    for _ in range(4):
        if up is None:
            return False
        if up.type in _PARAMETERS:
            return inner == node or inner.named_child(0) == node or _is_within_name(inner, node)
        inner, up = up, up.parent
    return False


def _is_within_name(parameter: Node, node: Node) -> bool:
    for field in ("name", "pattern", "declarator"):
        for child in parameter.children_by_field_name(field):
            if child.start_byte <= node.start_byte and node.end_byte <= child.end_byte:
                return True
    return False


def _assigned(node: Node) -> Reach | None:
    inner = node
    for up in _up(node.parent):
        fields = _ASSIGNED.get(up.type)
        if fields is not None:
            if fields and not any(inner in up.children_by_field_name(f) for f in fields):
                return None
            if _is_member(node):
                return None
            for one in _up(up.parent):
                if one.type in FUNCTIONS and one.is_named:
                    return "local"
                if one.type in _HOLDERS:
                    return "member"
            return "file"
        if up.type not in _PATTERNS or (_names(up, inner, "key", "value", "type") and up.type != "pair_pattern"):
            return None
        inner = up
    return None


def _is_key(node: Node) -> bool:
    """Whether a name is a key of a call or a literal: it may be of anything."""
    up = node.parent
    return up is not None and up.type in ("keyword_argument", "pair") and _names(up, node, "name", "key")


def _is_elsewhere(node: Node) -> bool:
    """Whether an import calls something so that goes by another name here."""
    up = node.parent
    if up is not None and up.type == "dotted_name":
        node, up = up, up.parent
    is_renaming = up is not None and up.type in ("aliased_import", "import_specifier", "use_as_clause")
    return (
        is_renaming and up is not None and bool(up.child_by_field_name("alias")) and not _names(up, node, "alias")
    )


def _is_member(node: Node) -> bool:
    """Whether a name belongs to a value, not to a scope: `x.name`."""
    if _is_elsewhere(node):
        return True
    up = node.parent
    if node.type in ("property_identifier", "field_identifier", "private_property_identifier"):
        return True
    return up is not None and (
        (up.type in ("attribute", "navigation_suffix") and _names(up, node, "attribute", "suffix"))
        or (up.type in ("method_invocation", "member_access_expression", "call", "field_access")
            and _names(up, node, "name", "method", "field") and up.child_count > 2 and up.child(0) != node)
    )  # fmt: skip


def _enclosing(node: Node, blocks: frozenset[str]) -> Node | None:
    """The function that holds a name, or the block in it; a function does not hold its own name."""
    inner = node
    for up in _up(node.parent):
        if (
            up.type in blocks
            or up.type in _COMPREHENSIONS
            or (up.type in FUNCTIONS and up.is_named and not _names(up, inner, "name"))
        ):
            return up
        inner = up
    return None


def _holder(node: Node) -> Node | None:
    return next((up for up in _up(node.parent) if up.type in _HOLDERS), None)
