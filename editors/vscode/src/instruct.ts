/** An instruction becomes an edit: an input box, the server's answer as a diff, and one undo step when applied. */

import * as vscode from "vscode";
import { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";

const SCHEME = "ai-lsp-proposal";
const KEY = "aiLsp.proposalOpen";

interface Answer {
  readonly edit?: WorkspaceEdit | null;
  readonly message?: string;
}

export class Instruct implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private readonly disposables: vscode.Disposable[] = [];
  private readonly proposed = new Map<string, string>();
  private waiting: vscode.WorkspaceEdit | undefined;
  private lastInstruction = "";

  constructor(private readonly client: LanguageClient) {
    this.disposables.push(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.commands.registerCommand("aiLsp.edit", (instruction?: unknown) => this.ask(instruction)),
      vscode.commands.registerCommand("aiLsp.applyProposal", () => this.finish(true)),
      vscode.commands.registerCommand("aiLsp.discardProposal", () => this.finish(false)),
    );
  }

  dispose(): void {
    this.disposables.forEach((one) => one.dispose());
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.proposed.get(uri.toString()) ?? "";
  }

  private async ask(given: unknown): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return;
    const instruction =
      typeof given === "string"
        ? given
        : await vscode.window.showInputBox({
            prompt: editor.selection.isEmpty ? "What should change in this file?" : "What should change in the selection?",
            placeHolder: "use a dict instead of the if chain",
            value: this.lastInstruction,
          });
    if (instruction === undefined || instruction.trim() === "") return;
    this.lastInstruction = instruction;
    const { document } = editor;
    const version = document.version;
    const params = {
      textDocument: { uri: this.client.code2ProtocolConverter.asUri(document.uri), version },
      ...(editor.selection.isEmpty ? {} : { range: this.client.code2ProtocolConverter.asRange(editor.selection) }),
      instruction,
    };
    const answer = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `ai-lsp: ${instruction}`, cancellable: true },
      async (_, token) => {
        try {
          return await this.client.sendRequest<Answer | null>("aiLsp/edit", params, token);
        } catch (error) {
          if (!token.isCancellationRequested) void vscode.window.showErrorMessage(`ai-lsp: ${(error as Error).message}`);
          return undefined;
        }
      },
    );
    if (answer === undefined) return;
    if (!answer?.edit) {
      void vscode.window.showInformationMessage(`ai-lsp: ${answer?.message ?? "no edit came of it; the file is as it was."}`);
      return;
    }
    // The user confirms here, by the diff: VS Code's own preview would ask a second time.
    for (const note of Object.values(answer.edit.changeAnnotations ?? {})) note.needsConfirmation = false;
    await this.review(await this.client.protocol2CodeConverter.asWorkspaceEdit(answer.edit));
  }

  /** Show each file as it would be beside what it is; nothing is changed before the user says so. */
  private async review(edit: vscode.WorkspaceEdit): Promise<void> {
    this.waiting = edit;
    await vscode.commands.executeCommand("setContext", KEY, true);
    for (const [uri, edits] of edit.entries()) {
      const document = await vscode.workspace.openTextDocument(uri);
      const beside = uri.with({ scheme: SCHEME, query: String(Date.now()) });
      this.proposed.set(beside.toString(), applied(document, edits));
      const title = `${vscode.workspace.asRelativePath(uri)}: proposed edit`;
      await vscode.commands.executeCommand("vscode.diff", uri, beside, title, { preview: true });
    }
    const choice = await vscode.window.showInformationMessage("ai-lsp: apply the proposed edit?", "Apply", "Discard");
    if (this.waiting === edit && choice !== undefined) await this.finish(choice === "Apply");
  }

  private async finish(isWanted: boolean): Promise<void> {
    const edit = this.waiting;
    this.waiting = undefined;
    this.proposed.clear();
    await vscode.commands.executeCommand("setContext", KEY, false);
    for (const group of vscode.window.tabGroups.all)
      for (const tab of group.tabs)
        if (tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === SCHEME)
          await vscode.window.tabGroups.close(tab);
    if (edit === undefined || !isWanted) return;
    const isApplied = await vscode.workspace.applyEdit(edit);
    if (!isApplied) void vscode.window.showWarningMessage("ai-lsp: the file has changed meanwhile; nothing was applied.");
  }
}

function applied(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  let text = document.getText();
  const last = [...edits].sort((a, b) => document.offsetAt(b.range.start) - document.offsetAt(a.range.start));
  for (const { range, newText } of last)
    text = text.slice(0, document.offsetAt(range.start)) + newText + text.slice(document.offsetAt(range.end));
  return text;
}
