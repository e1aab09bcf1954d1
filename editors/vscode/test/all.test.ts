/** The extension's own decisions, without an editor: `npm test`. */

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Suggestion, draw, isNear, moved, trimmed } from "../src/drawing";
import { asOptions, expanded } from "../src/options";
import { words } from "../src/statusText";

const at = (line: number, character: number) => ({ line, character });
const range = (a: number, b: number, c: number, d: number) => ({ start: at(a, b), end: at(c, d) });

function suggestion(more: Partial<Suggestion> = {}): Suggestion {
  return {
    id: "1",
    kind: "edit",
    uri: "file:///a.py",
    version: 1,
    edits: [{ range: range(10, 4, 10, 11), newText: "new_name" }],
    target: range(10, 4, 10, 11),
    confidence: 0.9,
    origin: "local",
    why: "renamed above",
    ...more,
  };
}

test("only what the user set is sent, as nested tables; the extension's own keys stay here", () => {
  const set: Record<string, unknown> = { "completion.min_confidence": 0.7, "completion.enabled": false, models: { a: {} }, "server.path": "x" };
  const keys = ["models", "completion.min_confidence", "completion.enabled", "completion.max_lines", "server.path"];
  const options = asOptions(keys, (key) => ({ globalValue: set[key] }));
  assert.deepEqual(options, { models: { a: {} }, completion: { min_confidence: 0.7, enabled: false } });
});

test("values that a workspace sets are never read", () => {
  const inspected = { globalValue: undefined, workspaceValue: "http://evil", workspaceFolderValue: "http://evil" };
  assert.deepEqual(asOptions(["models"], () => inspected), {});
});

test("a home in front of a path", () => {
  assert.equal(expanded("~/bin/ai-lsp", "/home/u"), "/home/u/bin/ai-lsp");
  assert.equal(expanded("ai-lsp", "/home/u"), "ai-lsp");
});

test("an edit loses what stays the same at both its ends, also over lines", () => {
  const edit = { range: range(3, 0, 4, 6), newText: "a = one(x)\nb = 22" };
  assert.deepEqual(trimmed(edit, "a = one()\nb = 2 "), { range: range(3, 8, 4, 6), newText: "x)\nb = 22" });
  assert.deepEqual(trimmed({ range: range(0, 0, 0, 3), newText: "abc" }, "abc"), { range: range(0, 3, 0, 3), newText: "" });
});

test("positions count lines of every kind", () => {
  assert.deepEqual(moved(at(2, 5), "ab"), at(2, 7));
  assert.deepEqual(moved(at(2, 5), "ab\r\nc\rdd"), at(4, 2));
});

test("near is applied, far is jumped to, a jump is never applied", () => {
  assert.equal(isNear(suggestion(), "file:///a.py", at(9, 0)), true);
  assert.equal(isNear(suggestion(), "file:///a.py", at(40, 0)), false);
  assert.equal(isNear(suggestion(), "file:///b.py", at(10, 0)), false);
  assert.equal(isNear(suggestion({ kind: "jump", edits: [] }), "file:///a.py", at(10, 0)), false);
});

test("a replacement tints the old text and shows the new one behind it", () => {
  const drawing = draw(suggestion(), "file:///a.py", at(10, 0), true, "a.py", () => "old_xxx");
  assert.deepEqual(drawing.removed, [range(10, 4, 10, 11)]);
  assert.deepEqual(drawing.added, [{ at: at(10, 11), text: "new_name" }]);
  assert.equal(drawing.marker, "");
});

test("an insertion tints nothing, and further lines are counted", () => {
  const edits = [{ range: range(5, 0, 5, 0), newText: "one\ntwo\nthree\n" }];
  const drawing = draw(suggestion({ edits, target: range(5, 0, 5, 0) }), "file:///a.py", at(5, 0), true, "a.py", () => "");
  assert.deepEqual(drawing.removed, []);
  assert.equal(drawing.added[0]?.text, "one ⏎ +2 lines");
});

test("what is not on the screen is said at the cursor: which line, which way, which file", () => {
  assert.match(draw(suggestion(), "file:///a.py", at(90, 0), false, "a.py", () => "").marker, /↑.*line 11/);
  assert.match(draw(suggestion(), "file:///a.py", at(1, 0), false, "a.py", () => "").marker, /↓.*line 11/);
  assert.match(draw(suggestion(), "file:///b.py", at(1, 0), false, "lib/a.py", () => "").marker, /lib\/a\.py:11/);
});

test("the status bar warns where nothing can come, and says why", () => {
  const idle = { state: "idle", reason: "" } as const;
  assert.equal(words(undefined, idle).isWarning, true);
  const failing = words({ ready: true }, { state: "failing", reason: "the model “tab” does not answer" });
  assert.equal(failing.isWarning, true);
  assert.match(failing.tooltip, /does not answer/);
  const off = words({ ready: true }, { state: "off", reason: "this file holds secrets" });
  assert.deepEqual([off.isWarning, off.tooltip], [false, "Off in this file: this file holds secrets"]);
  assert.match(words({ ready: false, local: { files: 12 } }, { state: "learning", reason: "" }).tooltip, /12 files/);
  assert.equal(words({ ready: true, routes: { completion: { model: "local", state: "ready" } } }, idle).isWarning, false);
});
