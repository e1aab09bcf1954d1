"""Files that run code or steer tools by merely lying there: they change only with the user's word."""

from __future__ import annotations

from fnmatch import fnmatchcase

_ROWS: tuple[tuple[str, str], ...] = (
    (".git/*", "part of git's own folder"),
    (".husky/*", "a git hook"),
    (".githooks/*", "a git hook"),
    ("lefthook.y*ml", "the configuration of git hooks"),
    (".pre-commit-config.yaml", "the configuration of git hooks"),
    (".gitattributes", "the configuration of git"),
    (".gitmodules", "the configuration of git"),
    (".gitconfig", "the configuration of git"),
    (".github/*", "read by the code host, such as a CI workflow"),
    (".gitlab/*", "read by the code host, such as a CI workflow"),
    (".gitlab-ci.yml", "a CI file"),
    (".circleci/*", "a CI file"),
    (".buildkite/*", "a CI file"),
    (".ci/*", "a CI file"),
    (".travis.yml", "a CI file"),
    ("azure-pipelines.y*ml", "a CI file"),
    ("bitbucket-pipelines.yml", "a CI file"),
    ("appveyor.yml", "a CI file"),
    ("jenkinsfile", "a CI file"),
    (".drone.yml", "a CI file"),
    (".woodpecker*", "a CI file"),
    (".vscode/*", "the configuration of an editor"),
    (".idea/*", "the configuration of an editor"),
    (".zed/*", "the configuration of an editor"),
    (".helix/*", "the configuration of an editor"),
    (".nvim.lua", "the configuration of an editor"),
    (".nvimrc", "the configuration of an editor"),
    (".exrc", "the configuration of an editor"),
    (".vimrc", "the configuration of an editor"),
    (".dir-locals*.el", "the configuration of an editor"),
    (".editorconfig", "the configuration of editors"),
    (".devcontainer/*", "the configuration of a development container"),
    (".envrc", "run by the shell on entering the folder"),
    (".ai-lsp.toml", "the configuration of ai-lsp"),
    (".aiignore", "a list of what models may not see"),
    (".cursorignore", "a list of what models may not see"),
    (".cursorindexingignore", "a list of what models may not see"),
    ("agents.md", "instructions for agents"),
    ("claude.md", "instructions for agents"),
    ("gemini.md", "instructions for agents"),
    (".cursorrules", "instructions for agents"),
    (".clinerules*", "instructions for agents"),
    (".windsurfrules", "instructions for agents"),
    (".cursor/*", "the configuration of an agent"),
    (".claude/*", "the configuration of an agent"),
    (".codex/*", "the configuration of an agent"),
    (".gemini/*", "the configuration of an agent"),
    (".agents/*", "the configuration of an agent"),
    (".continue/*", "the configuration of an agent"),
    (".aider*", "the configuration of an agent"),
    (".mcp.json", "the configuration of an agent"),
)
"""Pattern of a path's end in lower case, from some folder on, and what such a file is."""


def why_protected(path: str) -> str:
    """What a file is that needs the user's word, as "a CI file"; "" for every other. `path` has `/`."""
    parts = path.lower().replace("\\", "/").split("/")
    ends = ["/".join(parts[at:]) for at in range(len(parts))]
    for pattern, what in _ROWS:
        if pattern.endswith("/*"):
            if any(end.startswith(pattern[:-1]) for end in ends):
                return what
        elif fnmatchcase(parts[-1], pattern):
            return what
    return ""
