"""A declaration was renamed: where it is used, by scope in open documents, by imports and paths elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from tree_sitter import Node

from ai_lsp.edits.local.examples import Example
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.rewrite import rewrites
from ai_lsp.edits.local.scopes import Mention, Reach, Scopes, holds, is_shorthand
from ai_lsp.edits.local.tokens import is_comment, is_string, whole
from ai_lsp.edits.local.view import LONGEST_LINE, View, declared, is_import

MOST_EXAMPLES = 6  # of which the renames are followed
MOST_FOLLOWED = 4
MOST_FILES = 60
"""Files in which a name may stand before its declarations are no longer counted."""

TIES = (
    "", "call", "local_again", "file_again", "import_again", "joined", "far_member", "near", "imported",
    "sole_member", "own_member", "import", "file", "local",
)  # fmt: skip
"""What ties a use to a declaration, the weakest first."""

_FOLDER_WIDE = frozenset({"go", "java", "kt", "cs", "swift"})  # a folder's files see each other's names
_ALL_WIDE = frozenset({"c", "h", "cc", "cpp", "hpp", "rb", "php", "lua"})  # names are not imported one by one
_HASHES = frozenset({"py", "pyi", "rb", "sh"})  # endings of languages whose comments begin so
_OWN = re.compile(r"(?:\b(?:self|cls|this|Self)|@)\s*(?:\.|->|::|\?\.)?\s*$")
_SIGN = re.compile(r"(?:\.|::|->|\?\.)\s*$")
_METHOD = re.compile(r"^\s*(?:[\w<>\[\],.?*&:]+\s+)*\*?{name}\s*\([^;]*(?:[{{,(]|\))\s*$")
_STATEMENTS = re.compile(r"^\s*(?:return|if|else|for|while|switch|await|yield|new|throw|assert|raise|not)\b")


Spot = tuple[int, int, str]  # a stretch of a line and what it becomes


@dataclass(frozen=True, slots=True)
class Renamed:
    """`old` was declared in a document and is called `new` there now; `reach` is how far the declaration does."""

    uri: str
    old: str
    new: str
    reach: Reach


@dataclass(frozen=True, slots=True)
class Use:
    """A line that uses what was renamed, and as it would be. `tie` says what ties it to the declaration."""

    name: str
    line: int
    new: str
    tie: str


def adjacent(found: Sequence[Use]) -> list[list[Use]]:
    """Uses on lines that follow one another together: they are one edit."""
    out: list[list[Use]] = []
    for use in sorted(found, key=lambda u: (u.name, u.line)):
        if out and out[-1][-1].name == use.name and out[-1][-1].line == use.line - 1:
            out[-1].append(use)
        else:
            out.append([use])
    return out


@dataclass(frozen=True, slots=True)
class Followed:
    """A rename with the edit that made it, and where the name is declared now."""

    renamed: Renamed
    example: Example
    declared: Mention
    is_pure: bool = True  # the edit did nothing else


def followed(examples: Sequence[Example], known: Sequence[Followed], index: Index) -> list[Followed]:
    """The renames of declarations among some edits, the latest first, and those known before that still stand:
    their own edit may be forgotten by the time their last use is reached."""
    out = renames(examples, index)
    pairs = {(one.renamed.uri, one.renamed.old, one.renamed.new) for one in out}
    for one in known:
        if (one.renamed.uri, one.renamed.old, one.renamed.new) not in pairs:
            again = _still(one, index)
            if again is not None:
                out.append(again)
    return out[:MOST_FOLLOWED]


def _still(one: Followed, index: Index) -> Followed | None:
    """The rename as it stands now; None where the name is declared otherwise again."""
    renamed = one.renamed
    scopes = index.scopes(renamed.uri)
    if scopes is None:
        return None
    found = [m for m in scopes.mentions(renamed.new) if m.reach == renamed.reach]
    if not found:
        return None
    nearest = min(found, key=lambda m: abs(m.line - one.declared.line))
    if any(m.reach == renamed.reach and m.line == nearest.line for m in scopes.mentions(renamed.old)):
        return None
    return Followed(renamed, replace(one.example, at=nearest.line), nearest, one.is_pure)


def renames(examples: Sequence[Example], index: Index) -> list[Followed]:
    """The renames of declarations among some edits, the latest first."""
    out: list[Followed] = []
    seen: set[tuple[str, str]] = set()
    for example in examples[:MOST_EXAMPLES]:
        scopes = index.scopes(example.uri)
        if scopes is None or example.added or example.removed:
            continue
        for a, b in example.pairs:
            for one in rewrites(a, b):
                pair = one.exchanged  # the tree says that it is a name, whatever other languages mean by the word
                if pair is None or pair in seen:
                    continue
                others = [p for p in example.pairs if p != (a, b)]
                is_pure = not one.is_partial and all(
                    name_pattern(pair[0]).sub(pair[1], x) == y for x, y in others
                )
                if not is_pure and len(example.pairs) > 1:
                    continue  # code was written anew, and a name in it is another one
                found = _declaration(scopes, index.view(example.uri), example, b, pair[1])
                if found is not None and found.reach is not None:
                    seen.add(pair)
                    out.append(Followed(Renamed(example.uri, *pair, found.reach), example, found, is_pure))
    return out


def _declaration(scopes: Scopes, view: View, example: Example, line: str, name: str) -> Mention | None:
    """Where an edited line declares a name."""
    number = example.at + example.new.index(line)
    if number >= len(view.lines) or view.lines[number] != line:
        return None
    for found in name_pattern(name).finditer(line):
        mention = scopes.mention(number, found.start(), found.end())
        if mention.reach is not None:
            return mention
    return None


def uses(one: Followed, index: Index, is_late: Callable[[], bool]) -> list[Use]:
    """The lines that use what was renamed, those of its own document first."""
    renamed, place = one.renamed, one.declared
    scopes = index.scopes(renamed.uri)
    if scopes is None:
        return []
    if renamed.reach == "member":
        return _of_member(renamed, place, scopes, index, is_late)
    own = _in_scope(renamed, place, scopes, index)
    if renamed.reach != "file" or _declarations(renamed, index, is_late):
        return own
    return [*own, *_in_other_files(renamed, index, is_late)]


def _in_scope(renamed: Renamed, declared: Mention, scopes: Scopes, index: Index) -> list[Use]:
    """The uses of a local, or of a name of the file, in its own document."""
    home = scopes.home(declared)
    mine: list[Mention] = []
    shadows: list[tuple[Node, int]] = []  # pieces of code in which another declaration counts, and from where
    first, is_again = home.start_byte, False
    for mention in scopes.mentions(renamed.old, (home.start_point[0], home.end_point[0])):
        if mention.is_quiet or mention.is_member or mention.reach == "member" or not holds(home, mention):
            continue
        is_before = mention.node.start_byte < declared.node.start_byte
        if mention.reach is None:
            if not scopes.gives(declared, mention):
                mine.append(mention)
        elif (where := scopes.home(mention)) != home:
            shadows.append((where, where.start_byte))
        elif scopes.declares_anew and mention.reach == "local":
            if is_before:
                first = scopes.end_of_declaration(declared)
            else:
                shadows.append((where, scopes.end_of_declaration(mention)))
        else:
            mine.append(mention)  # given another value
            is_again = is_again or is_before
    used = [
        m for m in mine
        if m.node.start_byte >= first and not any(holds(n, m) and m.node.start_byte >= at for n, at in shadows)
    ]  # fmt: skip
    tie = f"{renamed.reach}_again" if is_again else renamed.reach
    return _by_line(renamed, renamed.uri, index.view(renamed.uri), used, tie)


def _by_line(renamed: Renamed, name: str, view: View, used: Sequence[Mention], tie: str) -> list[Use]:
    spots: dict[int, list[Spot]] = {}
    for mention in used:
        new = f"{renamed.old}: {renamed.new}" if is_shorthand(mention) else renamed.new
        spots.setdefault(mention.line, []).append((mention.start, mention.end, new))
    return [Use(name, line, _replaced(view.lines[line], some), tie) for line, some in spots.items()]


def _replaced(line: str, spots: Sequence[Spot]) -> str:
    for start, end, new in sorted(spots, reverse=True):
        line = line[:start] + new + line[end:]
    return line


def _of_member(
    renamed: Renamed, declared: Mention, scopes: Scopes, index: Index, is_late: Callable[[], bool]
) -> list[Use]:
    """The uses of a method or field: by its own object in its class, by any object where no other type has it."""
    home = scopes.home(declared)
    is_sole = _declarations(renamed, index, is_late) == 0
    view = index.view(renamed.uri)
    own: list[Mention] = []
    other: list[Mention] = []
    for mention in scopes.mentions(renamed.old):
        if mention.is_quiet or mention.reach not in (None, "member"):
            continue
        before = view.lines[mention.line][: mention.start]
        is_signed = _SIGN.search(before) is not None
        if not (mention.is_member or scopes.has_bare_members or is_signed):
            continue
        is_own = holds(home, mention) and (_OWN.search(before) or not is_signed)
        (own if is_own and mention.reach is None else other).append(mention)
    out = _by_line(renamed, renamed.uri, view, [*own, *other] if is_sole else own, "own_member")
    if is_sole:
        sure = {mention.line for mention in own}
        out = [u if u.line in sure else Use(u.name, u.line, u.new, "sole_member") for u in out]
        out += _in_other_files(renamed, index, is_late)
    return out


def _declarations(renamed: Renamed, index: Index, is_late: Callable[[], bool]) -> int:
    """How many other declarations of the old name the workspace has; one where there is no time to look."""
    if index.spread(renamed.old) > MOST_FILES:
        return 1
    count = 0
    for name in _files(renamed, index):
        if is_late():
            return 1
        view = index.view(name)
        scopes = index.scopes(name)
        if scopes is not None:
            level = "member" if renamed.reach == "member" else "file"
            others = sum(m.reach == level for m in scopes.mentions(renamed.old))
            if renamed.old == renamed.new and name == renamed.uri:
                others -= 1  # the declaration itself
            count += others > 0
        else:
            count += any(_declares(view.lines[n], renamed) for n in view.on(renamed.old))
    return count


@lru_cache(maxsize=256)
def _method(name: str) -> re.Pattern[str]:
    return re.compile(_METHOD.pattern.replace("{name}", re.escape(name)).replace("{{", "{"))


def _declares(line: str, renamed: Renamed) -> bool:
    if is_comment(line) or is_import(line):
        return False
    if renamed.reach == "file" and line[:1] in (" ", "\t"):
        return False
    if renamed.old in declared(line):
        return True
    return (
        renamed.reach == "member" and not _STATEMENTS.match(line) and _method(renamed.old).match(line) is not None
    )


def _files(renamed: Renamed, index: Index) -> list[str]:
    """The other documents and files that hold the old name, those of the same folder first."""
    path = index.path(renamed.uri)
    folder = path.rsplit("/", 1)[0]
    names = [uri for uri in index.open if uri == renamed.uri or index.view(uri).has(renamed.old)]
    names += list(index.files_with(renamed.old))
    names = [n for n in names if _family(index.path(n)) == _family(path)]
    return sorted(names, key=lambda n: (n not in index.open, index.path(n).rsplit("/", 1)[0] != folder, n))


_FAMILIES = (
    {"js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue"},
    {"c", "h", "cc", "cpp", "hpp"},
    {"py", "pyi"},
)


def _family(path: str) -> str:
    ending = path.rsplit(".", 1)[-1].lower()
    return next((min(family) for family in _FAMILIES if ending in family), ending)


def _in_other_files(renamed: Renamed, index: Index, is_late: Callable[[], bool]) -> list[Use]:
    """The uses in other files of what is declared nowhere else: names that are imported, reached by a path, or of
    the same package."""
    path = index.path(renamed.uri)
    ending, folder = path.rsplit(".", 1)[-1].lower(), path.rsplit("/", 1)[0]
    comment = ("#",) if ending in _HASHES else ("//", "/*")
    out: list[Use] = []
    for name in _files(renamed, index):
        if name == renamed.uri or is_late():
            continue
        view = index.view(name)
        theirs = index.path(name).rsplit("/", 1)[0]
        numbers = view.on(renamed.old)
        lines = view.lines
        is_imported = any(_imports(lines, n) for n in numbers)
        is_near = (ending in _FOLDER_WIDE and theirs == folder) or ending in _ALL_WIDE
        scopes = index.scopes(name) if name in index.open else index.scopes_of_file(name)
        for number in numbers:
            if len(lines[number]) > LONGEST_LINE:
                continue
            spots = []
            for start, end, is_joined in _spots(lines[number], renamed.old, comment):
                mention = scopes.mention(number, start, end) if scopes is not None else None
                if mention is not None and (mention.is_quiet or mention.reach in ("local", "member", "file")):
                    continue
                if is_joined or (renamed.reach == "file" and (is_imported or is_near)):
                    spots.append((start, end, renamed.new))
            if spots:
                tie = "imported" if is_imported else "near" if is_near else "joined"
                if renamed.reach == "member":
                    tie = "far_member"
                out.append(Use(name, number, _replaced(lines[number], spots), tie))
    return out


def _imports(lines: Sequence[str], number: int) -> bool:
    """Whether a line is an import, or in the brackets of one."""
    for at in range(number, max(-1, number - 12), -1):
        if is_import(lines[at]):
            return at == number or not any(")" in x or "}" in x for x in lines[at:number])
        if not re.fullmatch(r"[\s\w,{}*:]*,?\s*", lines[at]):
            return False
    return False


def _spots(line: str, name: str, comment: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """Where a name stands as code, by the looks of the line, and whether something is joined to its left."""
    if is_comment(line):
        return
    for token, start, end in whole(line):
        if token in comment:
            return
        if token == name and not is_string(token):
            yield start, end, _SIGN.search(line[:start]) is not None
