"""Which reply format each family of models is asked for, and how that format is explained to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """`format` names a row of formats.FORMATS; a file of at most `whole_file_lines` is rewritten as a whole."""

    family: str
    format: str
    whole_file_lines: int = 0


_ROWS: tuple[tuple[str, Profile], ...] = (
    # Trained on V4A patches; others answer in it badly (reference: 46-51 % failures outside the vendor).
    (r"\b(gpt-4\.1|gpt-5|o3|o4|codex)", Profile("OpenAI, V4A", "v4a")),
    # Lazy in search/replace, a third as often in diffs (aider's laziness benchmark).
    (r"\bgpt-4-(turbo|\d{4}-preview)", Profile("GPT-4 Turbo", "unified_diff")),
    # Small models break blocks and keep whole files well (median 99.6 % well-formed against 94.2 %).
    (r"(^|[-_:/ ])(0\.5|1|1\.1|1\.3|1\.5|1\.7|2|3)b\b", Profile("small", "search_replace", 120)),
)

DEFAULT = Profile("any other", "search_replace")


def profile_of(model: str) -> Profile:
    """The profile of a model by the name its server knows it by."""
    name = model.lower()
    return next((profile for pattern, profile in _ROWS if re.search(pattern, name)), DEFAULT)


RULES: Mapping[str, str] = {
    "search_replace": """\
Write each change as a block of this form:
path/of/the/file
<<<<<<< SEARCH
lines as they stand in the file now
=======
the lines that take their place
>>>>>>> REPLACE
Copy the lines of SEARCH exactly, with their indentation, and enough of them that they stand only once in the
file. Keep blocks short: several small ones are better than a large one. To insert, repeat a line next to the
place. A new file has a block with an empty SEARCH.""",
    "unified_diff": """\
Write the changes as a unified diff with `--- a/path` and `+++ b/path` lines, without line numbers: start each
hunk with a line `@@`. Lines of context and removed lines must be exactly those of the file. Replace whole
functions rather than scattered lines.""",
    "v4a": """\
Write the changes as one patch:
*** Begin Patch
*** Update File: path/of/the/file
@@ the line that opens the enclosing function or class
 a line of context
-a line that goes
+a line that comes
*** End Patch
Give three lines of context around each change, exactly as they stand in the file. `*** Add File: path` makes a
new file, all of whose lines start with +.""",
    "whole_file": """\
Answer with the whole new file in one fenced block whose first line names the file: ```language path/of/the/file
Write every line, also those that stay as they are.""",
    "whole_symbol": """\
Answer with the whole new text of each function or class that changes, in one fenced block whose first line names
the file: ```language path/of/the/file""",
    "sketch": """\
Answer with the changed code in one fenced block whose first line names the file: ```language path/of/the/file
Leave out long stretches that stay as they are, with a comment `... existing code ...` in their place.""",
}
"""By the name of the format."""
