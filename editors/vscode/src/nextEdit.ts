/** The next edit on the screen: asked for after each change, drawn, and taken with Tab. */

import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { Drawing, Suggestion, draw, isNear } from "./drawing";

const REST_MS = 60; // after the last change: typing fast, the ghost text is what one looks at
const SURE = 0.8; // what is that sure stays on the screen
const KEY = "aiLsp.nextEditShown";

interface Shown {
  readonly suggestion: Suggestion;
  readonly uri: vscode.Uri;
  readonly version: number;
}

export class NextEdits implements vscode.Disposable {
  private shown: Shown | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking: vscode.CancellationTokenSource | undefined;
  private readonly disposables: vscode.Disposable[] = [];
  private readonly removed = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("aiLsp.removedBackground"),
    textDecoration: "line-through",
    overviewRulerColor: new vscode.ThemeColor("aiLsp.insertedForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
  });
  private readonly added = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    overviewRulerColor: new vscode.ThemeColor("aiLsp.insertedForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
  });
  private readonly marker = vscode.window.createTextEditorDecorationType({});

  constructor(private readonly client: LanguageClient) {
    this.disposables.push(
      this.removed,
      this.added,
      this.marker,
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.window.onDidChangeTextEditorSelection(() => this.redraw()),
      vscode.window.onDidChangeTextEditorVisibleRanges(() => this.redraw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.redraw()),
      client.onNotification("aiLsp/nextEditReady", (about: { textDocument: { uri: string; version: number } }) =>
        this.news(about.textDocument),
      ),
      vscode.commands.registerCommand("aiLsp.nextEdit", () => this.take()),
      vscode.commands.registerCommand("aiLsp.dismiss", () => this.dismiss()),
    );
  }

  dispose(): void {
    this.drop();
    this.disposables.forEach((one) => one.dispose());
  }

  private changed(event: vscode.TextDocumentChangeEvent): void {
    if (event.contentChanges.length === 0) return;
    const editor = vscode.window.activeTextEditor;
    if (this.shown !== undefined && this.shown.uri.toString() === event.document.uri.toString()) this.drop();
    if (editor === undefined || editor.document !== event.document) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), REST_MS);
  }

  /** The server knows more about a text than when it answered: what it is not sure of gives way. */
  private news(about: { uri: string; version: number }): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || document.version !== about.version) return;
    if (this.client.code2ProtocolConverter.asUri(document.uri) !== about.uri) return;
    const suggestion = this.shown?.suggestion;
    if (suggestion === undefined || suggestion.kind === "jump" || suggestion.confidence < SURE) void this.ask();
  }

  /** Ask for the next edit of the active editor and draw it; an answer to an older text is thrown away. */
  private async ask(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || !this.client.isRunning()) return;
    if (!vscode.workspace.getConfiguration("ai-lsp").get("nextEdit.show", true)) return;
    this.asking?.cancel();
    const source = (this.asking = new vscode.CancellationTokenSource());
    const { document } = editor;
    const version = document.version;
    const params = {
      textDocument: { uri: this.client.code2ProtocolConverter.asUri(document.uri), version },
      position: this.client.code2ProtocolConverter.asPosition(editor.selection.active),
    };
    let answer: { suggestions?: Suggestion[] } | null;
    try {
      answer = await this.client.sendRequest<{ suggestions?: Suggestion[] } | null>("aiLsp/nextEdit", params, source.token);
    } catch {
      return; // cancelled, or the server is going away: nothing is shown
    }
    const suggestion = answer?.suggestions?.[0];
    if (source.token.isCancellationRequested || document.version !== version || suggestion === undefined) return;
    const uri = this.client.protocol2CodeConverter.asUri(suggestion.uri);
    const target = await vscode.workspace.openTextDocument(uri).then(undefined, () => undefined);
    // Opening waits, and the user may have typed meanwhile.
    if (target === undefined || source.token.isCancellationRequested || document.version !== version) return;
    this.shown = { suggestion, uri, version: suggestion.version ?? target.version };
    await vscode.commands.executeCommand("setContext", KEY, true);
    this.redraw();
  }

  private isStale(shown: Shown): boolean {
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === shown.uri.toString());
    return document !== undefined && document.version !== shown.version;
  }

  private redraw(): void {
    const editor = vscode.window.activeTextEditor;
    const { shown } = this;
    if (editor === undefined) return;
    if (shown !== undefined && this.isStale(shown)) this.drop();
    if (this.shown === undefined) return this.paint(editor, { removed: [], added: [], marker: "" });
    const { suggestion } = this.shown;
    const uri = this.client.code2ProtocolConverter.asUri(editor.document.uri);
    const line = Math.min(suggestion.target.start.line, editor.document.lineCount - 1);
    const isVisible = editor.visibleRanges.some((range) => range.start.line <= line && line <= range.end.line);
    const name = vscode.workspace.asRelativePath(this.shown.uri);
    const textIn = (range: vscode.Range | Drawing["removed"][number]) => editor.document.getText(asRange(range));
    const drawing = draw(suggestion, uri, editor.selection.active, isVisible, name, textIn);
    this.paint(editor, drawing, hover(suggestion));
  }

  private paint(editor: vscode.TextEditor, drawing: Drawing, hoverMessage?: vscode.MarkdownString): void {
    editor.setDecorations(
      this.removed,
      drawing.removed.map((range) => ({ range: asRange(range), hoverMessage })),
    );
    editor.setDecorations(
      this.added,
      drawing.added.map(({ at, text }) => ({
        range: new vscode.Range(at.line, at.character, at.line, at.character),
        hoverMessage,
        renderOptions: { after: { contentText: text, color: new vscode.ThemeColor("aiLsp.insertedForeground"), fontStyle: "italic" } },
      })),
    );
    const line = editor.document.lineAt(editor.selection.active.line);
    editor.setDecorations(
      this.marker,
      drawing.marker === ""
        ? []
        : [
            {
              range: new vscode.Range(line.range.end, line.range.end),
              hoverMessage,
              renderOptions: {
                after: {
                  contentText: drawing.marker,
                  margin: "0 0 0 2em",
                  color: new vscode.ThemeColor("editorCodeLens.foreground"),
                  border: "1px solid",
                },
              },
            },
          ],
    );
  }

  /** Tab: to the place where the edit is, or, being there, apply it and look for the one after it. */
  private async take(): Promise<void> {
    const { shown } = this;
    const editor = vscode.window.activeTextEditor;
    if (shown === undefined || editor === undefined) {
      await vscode.commands.executeCommand("tab");
      return;
    }
    if (this.isStale(shown)) {
      this.drop();
      return;
    }
    const { suggestion } = shown;
    const here = this.client.code2ProtocolConverter.asUri(editor.document.uri);
    if (!isNear(suggestion, here, editor.selection.active)) {
      const at = new vscode.Position(suggestion.target.start.line, suggestion.target.start.character);
      const there = await vscode.window.showTextDocument(shown.uri, { selection: new vscode.Range(at, at) });
      there.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
      if (suggestion.kind === "jump") {
        await this.told(suggestion);
        this.drop();
      } else this.redraw();
      return;
    }
    this.drop();
    const edit = new vscode.WorkspaceEdit();
    for (const one of suggestion.edits) edit.replace(shown.uri, asRange(one.range), one.newText);
    // The change that this makes has the next one asked for, as any other does.
    const isApplied = await vscode.workspace.applyEdit(edit).then(
      (done) => done,
      () => false,
    );
    if (isApplied) await this.told(suggestion);
  }

  private async told(suggestion: Suggestion): Promise<void> {
    if (suggestion.command === undefined) return;
    const { command, arguments: given } = suggestion.command;
    await this.client.sendRequest("workspace/executeCommand", { command, arguments: given ?? [] }).catch(() => undefined);
  }

  private dismiss(): void {
    const { shown } = this;
    this.drop();
    if (shown === undefined) return;
    const params = { command: "ai-lsp.reject", arguments: [shown.suggestion.id] };
    void this.client.sendRequest("workspace/executeCommand", params).catch(() => undefined);
  }

  private drop(): void {
    this.asking?.cancel();
    this.shown = undefined;
    void vscode.commands.executeCommand("setContext", KEY, false);
    for (const editor of vscode.window.visibleTextEditors) this.paint(editor, { removed: [], added: [], marker: "" });
  }
}

function asRange(range: vscode.Range | Drawing["removed"][number]): vscode.Range {
  return new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
}

function hover(suggestion: Suggestion): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown(`**Next edit** · ${Math.round(suggestion.confidence * 100)} % sure · `);
  text.appendText(suggestion.why);
  for (const edit of suggestion.edits) text.appendCodeblock(edit.newText);
  text.appendMarkdown("\n\nTab takes it, Esc dismisses it.");
  return text;
}
