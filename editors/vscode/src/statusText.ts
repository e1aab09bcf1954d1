/** The status bar's words, from what the server tells (`aiLsp/didChangeStatus`) and its answer to `aiLsp/status`. */

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

/** How things stand, as the server tells it when it changes: of itself, or of one document (`off`). */
export interface State {
  readonly state: "learning" | "idle" | "thinking" | "failing" | "off";
  readonly reason: string;
}

export const STARTING: State = { state: "learning", reason: "" };

const ICONS: Readonly<Record<State["state"], string>> = {
  learning: "sync~spin",
  idle: "sparkle",
  thinking: "loading~spin",
  failing: "warning",
  off: "circle-slash",
};

export function words(status: Status | undefined, told: State): Words {
  if (status === undefined) return { text: "$(circle-slash) ai-lsp", tooltip: "The server does not run.", isWarning: true };
  const lines = Object.entries(status.routes ?? {}).map(([feature, route]) => {
    const latency = typeof route.latencyMs === "number" ? `, ${Math.round(route.latencyMs)} ms` : "";
    return `${feature}: ${route.model || "off"} (${route.state ?? "?"}${latency})${route.problem ? `: ${route.problem}` : ""}`;
  });
  const text = `$(${ICONS[told.state]}) ai-lsp`;
  const first = {
    learning: `Learning the workspace: ${status.local?.files ?? 0} files so far`,
    idle: "",
    thinking: "A model is being asked",
    failing: told.reason,
    off: `Off in this file: ${told.reason}`,
  }[told.state];
  return { text, tooltip: [first, ...lines].filter(Boolean).join("\n"), isWarning: told.state === "failing" };
}
