/** How a next edit is drawn: plain values, so that it can be tested without an editor. */

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface TextEdit {
  readonly range: Range;
  readonly newText: string;
}

/** One member of the answer to `aiLsp/nextEdit`. */
export interface Suggestion {
  readonly id: string;
  readonly kind: "edit" | "jump";
  readonly uri: string;
  readonly version: number | null;
  readonly edits: readonly TextEdit[];
  readonly target: Range;
  readonly confidence: number;
  readonly origin: string;
  readonly why: string;
  readonly command?: { readonly title: string; readonly command: string; readonly arguments?: readonly unknown[] };
}

/** What is put on the screen. `removed` ranges are tinted, `added` texts stand behind their place, `marker` is a
 * hint at the cursor's own line that the edit is elsewhere. */
export interface Drawing {
  readonly removed: readonly Range[];
  readonly added: readonly { readonly at: Position; readonly text: string }[];
  readonly marker: string;
}

const LONGEST = 120;

/** The edit without what stays the same at both its ends. */
export function trimmed(edit: TextEdit, old: string): TextEdit {
  const { newText } = edit;
  let front = 0;
  while (front < old.length && front < newText.length && old[front] === newText[front]) front++;
  let back = 0;
  while (
    back < old.length - front &&
    back < newText.length - front &&
    old[old.length - 1 - back] === newText[newText.length - 1 - back]
  )
    back++;
  return {
    range: { start: moved(edit.range.start, old.slice(0, front)), end: moved(edit.range.start, old.slice(0, old.length - back)) },
    newText: newText.slice(front, newText.length - back),
  };
}

/** The place behind `text` when it begins at `from`. Lines end at `\n`, `\r\n` or `\r`. */
export function moved(from: Position, text: string): Position {
  const lines = text.split(/\r\n|\r|\n/);
  const last = lines[lines.length - 1] ?? "";
  return lines.length === 1
    ? { line: from.line, character: from.character + last.length }
    : { line: from.line + lines.length - 1, character: last.length };
}

/** Whether Tab would apply: the cursor is at the edit, or so near that a jump would only cost a key. */
export function isNear(suggestion: Suggestion, uri: string, cursor: Position): boolean {
  if (suggestion.kind === "jump" || suggestion.uri !== uri) return false;
  const { start, end } = suggestion.target;
  return cursor.line >= start.line - 2 && cursor.line <= end.line + 2;
}

/** The drawing of a suggestion in a document; `textIn` gives the document's text in a range. */
export function draw(
  suggestion: Suggestion,
  uri: string,
  cursor: Position,
  isVisible: boolean,
  name: string,
  textIn: (range: Range) => string,
): Drawing {
  const isHere = suggestion.uri === uri;
  const removed: Range[] = [];
  const added: { at: Position; text: string }[] = [];
  if (isHere && suggestion.kind === "edit") {
    for (const edit of suggestion.edits) {
      const change = trimmed(edit, textIn(edit.range));
      if (!isEmpty(change.range)) removed.push(change.range);
      if (change.newText !== "") added.push({ at: change.range.end, text: oneLine(change.newText) });
    }
  }
  const near = isNear(suggestion, uri, cursor);
  let marker = "";
  if (near) marker = "";
  else if (!isHere) marker = `⇥ next edit: ${name}:${suggestion.target.start.line + 1}`;
  else {
    const arrow = suggestion.target.start.line < cursor.line ? "↑" : "↓";
    marker = isVisible ? "⇥ jump" : `⇥ ${arrow} next edit: line ${suggestion.target.start.line + 1}`;
  }
  return { removed, added, marker };
}

function isEmpty(range: Range): boolean {
  return range.start.line === range.end.line && range.start.character === range.end.character;
}

/** Decorations cannot hold a line break: further lines are counted, and shown whole in the hover. */
function oneLine(text: string): string {
  const lines = text.replace(/^(\r\n|\r|\n)/, "").split(/\r\n|\r|\n/);
  const first = (lines[0] ?? "").replace(/\t/g, "    ");
  const shown = first.length > LONGEST ? first.slice(0, LONGEST - 1) + "…" : first;
  const more = lines.filter((line, index) => index > 0 && line.trim() !== "").length;
  return more > 0 ? `${shown} ⏎ +${more} line${more > 1 ? "s" : ""}` : shown;
}
