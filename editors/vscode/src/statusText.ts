/** The status bar's words, from the answer to `aiLsp/status`. */

export interface Status {
  readonly ready?: boolean;
  readonly local?: { readonly state?: string; readonly files?: number; readonly problem?: string };
  readonly routes?: Readonly<Record<string, { readonly model?: string; readonly state?: string; readonly problem?: string; readonly latencyMs?: number | null }>>;
  readonly inactive?: string | null;
}

export interface Words {
  readonly text: string;
  readonly tooltip: string;
  readonly isWarning: boolean;
}

export function words(status: Status | undefined): Words {
  if (status === undefined) return { text: "$(circle-slash) ai-lsp", tooltip: "The server does not run.", isWarning: true };
  const lines = Object.entries(status.routes ?? {}).map(([feature, route]) => {
    const latency = typeof route.latencyMs === "number" ? `, ${Math.round(route.latencyMs)} ms` : "";
    return `${feature}: ${route.model || "off"} (${route.state ?? "?"}${latency})${route.problem ? `: ${route.problem}` : ""}`;
  });
  if (status.inactive) return { text: "$(warning) ai-lsp", tooltip: [status.inactive, ...lines].join("\n"), isWarning: true };
  if (status.ready === false) {
    const files = status.local?.files ?? 0;
    return { text: "$(sync~spin) ai-lsp", tooltip: [`Learning the workspace: ${files} files so far`, ...lines].join("\n"), isWarning: false };
  }
  return { text: "$(sparkle) ai-lsp", tooltip: lines.join("\n"), isWarning: false };
}
