"""Which files of a workspace may be read: never ignored ones, never secrets, never outside the root.

Every part of the product that reads files by itself (index, context, review) asks here.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec


def _words(*rows: str) -> frozenset[str]:
    return frozenset(word for row in rows for word in row.split())


IGNORE_FILES = (".gitignore", ".aiignore", ".cursorignore", ".cursorindexingignore", ".ignore")
OWN_IGNORES = (".aiignore", ".cursorignore", ".cursorindexingignore")  # hold even where git tracks the file
LARGEST = 300_000  # bytes of one file
MOST_FILES = 60_000
_IGNORE_LARGEST = 256_000  # bytes of one ignore file that are read

SECRETS = GitIgnoreSpec.from_lines(
    """
    .env
    .env.*
    *.env
    .envrc
    !.env.example
    !.env.sample
    !.env.template
    *.pem
    *.key
    *.p12
    *.pfx
    *.p8
    *.pk8
    *.der
    *.jks
    *.keystore
    *.bcfks
    *.ppk
    *.kdb
    *.kdbx
    *.agekey
    *.asc
    *.gpg
    *.pgp
    *.ovpn
    *.mobileprovision
    *.tfstate
    *.tfstate.*
    *.tfvars
    *.tfvars.json
    *.auto.tfvars
    id_rsa*
    id_dsa*
    id_ecdsa*
    id_ed25519*
    *_rsa
    *_ed25519
    .npmrc
    .yarnrc
    .yarnrc.yml
    .pypirc
    .netrc
    _netrc
    .pgpass
    .my.cnf
    .mylogin.cnf
    .htpasswd
    .htaccess
    .dockercfg
    .dockerconfigjson
    .docker/config.json
    .git-credentials
    .gem/credentials
    .bundle/config
    .cargo/credentials
    .cargo/credentials.toml
    .aws/
    .azure/
    .gnupg/
    .ssh/
    .kube/
    .config/gcloud/
    .config/gh/
    .config/hub
    .vault-token
    .vault_pass*
    .s3cfg
    .boto
    .terraformrc
    terraform.rc
    .databrickscfg
    .rclone.conf
    rclone.conf
    kubeconfig
    *.kubeconfig
    credentials
    credentials.*
    !credentials.py
    !credentials.go
    !credentials.rs
    !credentials.ts
    !credentials.js
    !credentials.java
    *credentials*.json
    *service-account*.json
    *service_account*.json
    *serviceaccount*.json
    client_secret*.json
    google-services.json
    GoogleService-Info.plist
    firebase-adminsdk*.json
    secrets
    secrets.*
    !secrets.py
    !secrets.go
    !secrets.rs
    !secrets.ts
    !secrets.js
    !secrets.java
    *.secret
    *.secrets
    *.secrets.*
    secret.json
    secret.y*ml
    secret.toml
    local.settings.json
    appsettings.*.local.json
    master.key
    *.crypt
    .password*
    passwords.*
    *.token
    .token
    token.json
    auth.json
    oauth.json
    *.sqlite-journal
    wallet.dat
    .bash_history
    .zsh_history
    .python_history
    .psql_history
    .mysql_history
    .node_repl_history
    """.replace("    ", "").splitlines()
)
"""Files that hold keys or passwords by custom; they are never read, whatever any ignore file says."""

_SKIPPED_FOLDERS = _words(
    ".git .hg .svn .bzr .jj node_modules bower_components jspm_packages __pycache__ .venv venv .tox .nox",
    ".mypy_cache .ruff_cache .pytest_cache .hypothesis .cache .gradle .idea .vs .terraform .next .nuxt",
    ".yarn .pnpm-store .svelte-kit .parcel-cache .turbo dist vendor third_party __snapshots__ .eggs",
    "site-packages",
)
_CODE = _words(
    "py pyi js jsx mjs cjs ts tsx mts cts vue svelte go rs java kt kts c h cc cpp cxx hpp hh cs rb php lua",
    "swift scala clj cljs ex exs erl hrl hs ml mli fs fsx dart r jl pl pm sh bash zsh fish ps1 sql zig nim",
    "v sv vhd groovy gradle proto graphql gql html htm css scss sass less m mm el lisp scm vim tf hcl cmake",
    "yml yaml toml tcl pas d cr sol",
)
_CODE_NAMES = _words("Makefile Dockerfile Rakefile Gemfile CMakeLists.txt Justfile justfile")
_GENERATED_NAME = re.compile(
    r"\.min\.|\.bundle\.|[-.]lock(\.|$)|\.lock$|^(package-lock\.json|pnpm-lock\.yaml|go\.sum)$"
    r"|\.(pb|g|generated|designer)\.|_pb2(_grpc)?\.py$|\.pb\.go$|^zz_generated"
)
_GENERATED_HEAD = re.compile(r"@generated|DO NOT EDIT|[Aa]uto-?generated|automatically generated", re.ASCII)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be read: absolute path, and what tells its version."""

    path: str
    mtime_ns: int
    size: int


@dataclass(slots=True)
class _Rules:
    """The ignore files of one folder."""

    folder: str  # relative to the root, "" or ending in "/"
    spec: GitIgnoreSpec


@dataclass(slots=True)
class WorkspaceFiles:
    """The rules of one workspace folder; ignore files are read as folders are entered.

    `patterns` are more rules for the root, in .gitignore's syntax, from the user's settings.
    """

    root: str
    ignore_files: tuple[str, ...] = IGNORE_FILES
    patterns: tuple[str, ...] = ()
    _rules: dict[str, _Rules | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = os.path.realpath(self.root)

    def forget_rules(self) -> None:
        """Ignore files have changed; read them anew."""
        self._rules.clear()

    def may_read(self, path: str) -> bool:
        """Whether rules allow reading a file: inside the root, without links, not ignored, no secret."""
        relative = self._relative(path)
        if relative is None:
            return False
        parts = relative.split("/")
        at = ""
        for part in parts[:-1]:
            if self._is_barred(at + part + "/", part):
                return False
            at += part + "/"
        if self._is_barred(relative, parts[-1]):
            return False
        try:
            return os.path.realpath(path) == os.path.join(os.path.realpath(self.root), *parts)
        except OSError:
            return False

    def may_index(self, path: str) -> FoundFile | None:
        """The file when it may be read and is source code of bearable size."""
        name = os.path.basename(path)
        if not is_source_name(name) or not self.may_read(path):
            return None
        try:
            about = os.lstat(path)
        except OSError:
            return None
        if not stat.S_ISREG(about.st_mode) or not 0 < about.st_size <= LARGEST:
            return None
        return FoundFile(path, about.st_mtime_ns, about.st_size)

    def walk(self, most: int = MOST_FILES) -> Iterator[FoundFile]:
        """Every file that may be indexed, folder by folder, at most `most` of them."""
        waiting = [""]
        left = most
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(os.path.join(self.root, folder)), key=lambda e: e.name)
            except OSError:
                continue
            for entry in entries:
                relative = folder + entry.name
                try:
                    if entry.is_symlink():
                        continue
                    if entry.is_dir():
                        if entry.name not in _SKIPPED_FOLDERS and not self._is_barred(relative + "/", entry.name):
                            waiting.append(relative + "/")
                        continue
                    if not is_source_name(entry.name) or not entry.is_file():
                        continue
                    about = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if not 0 < about.st_size <= LARGEST or self._is_barred(relative, entry.name):
                    continue
                if not left:
                    return
                left -= 1
                yield FoundFile(os.path.join(self.root, relative), about.st_mtime_ns, about.st_size)

    def _relative(self, path: str) -> str | None:
        for root in (self.root, os.path.realpath(self.root)):
            try:
                relative = os.path.relpath(path, root).replace(os.sep, "/")
            except ValueError:  # another drive
                continue
            if relative != "." and not relative.startswith("../") and relative != "..":
                return relative
        return None

    def _is_barred(self, relative: str, name: str) -> bool:
        """Whether a path ("…/" for a folder) is a secret or ignored; its parents were asked before."""
        if name in (".git", ".hg", ".svn") or is_secret(relative):
            return True
        barred = False
        cut = 0
        while True:
            rules = self._rules_of(relative[:cut])
            if rules is not None:
                verdict = rules.spec.check_file(relative[cut:]).include
                if verdict is not None:
                    barred = verdict
            following = relative.find("/", cut)
            if following < 0 or following == len(relative) - 1:
                return barred
            cut = following + 1

    def _rules_of(self, folder: str) -> _Rules | None:
        if folder not in self._rules:
            lines: list[str] = []
            names = self.ignore_files
            if not folder and ".gitignore" in names:
                names = (*names, ".git/info/exclude")
            for name in names:
                try:
                    with open(os.path.join(self.root, folder, name), encoding="utf-8", errors="replace") as file:
                        lines += file.read(_IGNORE_LARGEST).splitlines()
                except OSError:
                    continue
            rules = None
            if not folder:
                lines += self.patterns
            if lines:
                rules = _Rules(folder, _spec(lines))
            self._rules[folder] = rules
        return self._rules[folder]


def _spec(lines: list[str]) -> GitIgnoreSpec:
    """The patterns of some lines; a line that is no pattern is left out alone."""
    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        good: list[str] = []
        for line in lines:
            try:
                GitIgnoreSpec.from_lines([line])
            except (ValueError, re.error):
                continue
            good.append(line)
        return GitIgnoreSpec.from_lines(good)


def may_suggest_in(path: str, roots: Iterable[str], patterns: tuple[str, ...] = ()) -> bool:
    """Whether an open file may be read for suggestions. .gitignore does not decide here: people write such files.

    Outside every root the file's own folder is its root. Reads ignore files from disk.
    """
    for root in roots:
        inside = os.path.relpath(path, root)
        if not inside.startswith(".."):
            root = os.path.realpath(root)
            return WorkspaceFiles(root, OWN_IGNORES, patterns).may_read(os.path.join(root, inside))
    folder, name = os.path.split(path)
    folder = os.path.realpath(folder)
    return WorkspaceFiles(folder, OWN_IGNORES, patterns).may_read(os.path.join(folder, name))


def is_secret(path: str) -> bool:
    """Whether a file holds secrets by its name; `path` is relative, with forward slashes."""
    return SECRETS.match_file(path.lower()) or SECRETS.match_file(path)


def is_source_name(name: str) -> bool:
    """Whether a file's name says source code that a person wrote."""
    if _GENERATED_NAME.search(name):
        return False
    return name in _CODE_NAMES or ("." in name and name.rsplit(".", 1)[-1].lower() in _CODE)


def read_source(path: str, largest: int = LARGEST) -> str | None:
    """The text of a source file; None where it is gone, a link, too large, binary, not UTF-8 or generated."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(largest + 1)
    except OSError:
        return None
    if len(data) > largest or b"\0" in data[:8192]:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if looks_generated(text) else text


def looks_generated(text: str) -> bool:
    """Whether a text says that a program wrote it, or is laid out as only programs do."""
    if len(text) > 4000 and len(text) > 250 * (text.count("\n") + 1):
        return True
    return _GENERATED_HEAD.search(text[:400]) is not None
