/** The status bar item: what the server does, and a menu behind it. */

import * as vscode from "vscode";
import { LanguageClient, State } from "vscode-languageclient/node";
import { STARTING, State as Told, Status, words } from "./statusText";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("aiLsp", vscode.StatusBarAlignment.Right, 100);
  private server: Told = STARTING;
  private readonly off = new Map<string, Told>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly client: LanguageClient) {
    this.item.name = "ai-lsp";
    this.item.command = "aiLsp.menu";
    this.item.show();
    this.disposables = [
      this.item,
      client.onDidChangeState(() => {
        this.server = STARTING;
        this.off.clear();
        void this.refresh();
      }),
      client.onNotification("aiLsp/didChangeStatus", (told: Told & { readonly uri?: string }) => {
        if (told.uri === undefined) this.server = told;
        else if (told.state === "off") this.off.set(told.uri, told);
        else this.off.delete(told.uri);
        void this.refresh();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => void this.refresh()),
      vscode.commands.registerCommand("aiLsp.menu", () => this.menu()),
      vscode.commands.registerCommand("aiLsp.why", () => this.run("ai-lsp.why")),
    ];
    void this.refresh();
  }

  dispose(): void {
    this.disposables.forEach((one) => one.dispose());
  }

  private async refresh(): Promise<void> {
    let status: Status | undefined;
    if (this.client.state === State.Running)
      status = await this.client.sendRequest<Status>("aiLsp/status", {}).catch(() => undefined);
    const here = vscode.window.activeTextEditor?.document.uri;
    const off = here === undefined ? undefined : this.off.get(this.client.code2ProtocolConverter.asUri(here));
    const { text, tooltip, isWarning } = words(status, this.server.state === "failing" ? this.server : (off ?? this.server));
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.backgroundColor = isWarning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  private async run(command: string, given: unknown[] = []): Promise<void> {
    await this.client.sendRequest("workspace/executeCommand", { command, arguments: given }).catch((error: Error) => {
      void vscode.window.showErrorMessage(`ai-lsp: ${error.message}`);
    });
  }

  private async menu(): Promise<void> {
    const offered = new Set(this.client.initializeResult?.capabilities.executeCommandProvider?.commands ?? []);
    const entries: (vscode.QuickPickItem & { run: () => unknown })[] = [
      { label: "$(question) Why is nothing suggested?", run: () => this.run("ai-lsp.why") },
      { label: "$(edit) Edit with AI…", run: () => vscode.commands.executeCommand("aiLsp.edit") },
      ...(offered.has("ai-lsp.snooze") ? [{ label: "$(clock) Snooze for 30 minutes", run: () => this.run("ai-lsp.snooze", [30]) }] : []),
      { label: "$(gear) Settings", run: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:ai-lsp.ai-lsp") },
      { label: "$(output) Log", run: () => this.client.outputChannel.show() },
      { label: "$(debug-restart) Restart the server", run: () => vscode.commands.executeCommand("aiLsp.restart") },
    ];
    const chosen = await vscode.window.showQuickPick(entries, { title: "ai-lsp", placeHolder: String(this.item.tooltip ?? "") });
    await chosen?.run();
  }
}
