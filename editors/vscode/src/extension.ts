/** A thin client: starts the server, hands it the user's settings, and draws what VS Code has no UI for. */

import * as os from "node:os";
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";
import { Instruct } from "./instruct";
import { NextEdits } from "./nextEdit";
import { asOptions, expanded } from "./options";
import { StatusItem } from "./status";

const SECTION = "ai-lsp";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const path = vscode.workspace.getConfiguration(SECTION).get("server.path", "ai-lsp");
  const server: ServerOptions = { command: expanded(path, os.homedir()), args: ["--stdio"] };
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    initializationOptions: () => userOptions(context),
    middleware: {
      workspace: {
        // The default would answer with every default and with what the workspace says; see options.ts.
        configuration: (params) => params.items.map((item) => (item.section === SECTION ? userOptions(context) : null)),
      },
    },
  };
  client = new LanguageClient(SECTION, "ai-lsp", server, options);
  const running = client;
  // The server then points at the next edit with no diagnostic of its own: nextEdit.ts draws it.
  running.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...capabilities.experimental, aiLsp: { nextEdit: true, status: true } };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  });
  context.subscriptions.push(
    new StatusItem(running),
    new NextEdits(running),
    new Instruct(running),
    vscode.commands.registerCommand("aiLsp.restart", () => running.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) return;
      if (event.affectsConfiguration(`${SECTION}.server.path`)) void offerReload();
      else if (running.isRunning()) void running.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }),
  );
  try {
    await running.start();
  } catch (error) {
    const advice = `The server “${path}” could not be started (${(error as Error).message}). Install it, or name its place.`;
    const choice = await vscode.window.showErrorMessage(`ai-lsp: ${advice}`, "Open settings");
    if (choice !== undefined) await vscode.commands.executeCommand("workbench.action.openSettings", `${SECTION}.server.path`);
  }
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** What the user set, and nothing else: see options.ts. */
function userOptions(context: vscode.ExtensionContext): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const tables = (context.extension.packageJSON as { contributes: { configuration: { properties: object }[] } }).contributes.configuration;
  const keys = tables.flatMap((table) => Object.keys(table.properties)).map((key) => key.slice(SECTION.length + 1));
  return asOptions(keys, (key) => configuration.inspect(key));
}

async function offerReload(): Promise<void> {
  const choice = await vscode.window.showInformationMessage("ai-lsp: the new server is used after a reload.", "Reload");
  if (choice !== undefined) await vscode.commands.executeCommand("workbench.action.reloadWindow");
}
