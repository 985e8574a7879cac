import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit"

export type IconName =
  | "close"
  | "back"
  | "more"
  | "lock"
  | "send"
  | "exit"
  | "clock"
  | "alert"
  | "check"
  | "checks"
  | "down"
  | "chat"
  | "plus"
  | "trash"
  | "globe"
  | "key"
  | "user"
  | "archive"
  | "phone"
  | "handover"

const PATHS: Readonly<Record<IconName, SVGTemplateResult>> = {
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  back: svg`<path d="m15 5-7 7 7 7"/>`,
  more: svg`<circle cx="12" cy="5" r="1"/><circle cx="12" cy="12" r="1"/><circle cx="12" cy="19" r="1"/>`,
  lock: svg`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`,
  send: svg`<path d="M12 19V5M6 11l6-6 6 6"/>`,
  exit: svg`<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 16l-4-4 4-4M6 12h9"/>`,
  clock: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>`,
  alert: svg`<path d="M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17.2v.1"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  checks: svg`<path d="m2.5 12.5 4.5 4.5 9-9.5M12 16.5l.8.5 8.7-9.5"/>`,
  down: svg`<path d="M12 5v14M6 13l6 6 6-6"/>`,
  chat: svg`<path d="M21 11.5a8.4 8.4 0 0 1-12 7.6L3.5 20.5 5 15.2A8.4 8.4 0 1 1 21 11.5Z"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  trash: svg`<path d="M4.5 7h15M10 4h4M6.5 7l.8 12.5h9.4L17.5 7M10 11v5M14 11v5"/>`,
  globe: svg`<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c3 2.5 3 14.5 0 17M12 3.5c-3 2.5-3 14.5 0 17"/>`,
  key: svg`<circle cx="8" cy="15.5" r="4"/><path d="m11 12.5 8-8M16 7.500l2.5 2.5"/>`,
  user: svg`<circle cx="12" cy="8" r="3.75"/><path d="M4.5 20c.8-3.8 3.8-6 7.5-6s6.7 2.2 7.5 6"/>`,
  phone: svg`<rect x="7" y="3" width="10" height="18" rx="2.500"/><path d="M11 17.500h2"/>`,
  handover: svg`<circle cx="9" cy="8" r="3.500"/><path d="M2.500 19.500c.700-3.500 3.200-5.500 6.500-5.500s5.800 2 6.500 5.500M19 8v6M16 11h6"/>`,
  archive: svg`<path d="M4 8.500h16v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-9ZM3 4.500h18v4H3zM10 12.500h4"/>`,
}

const DIRECTIONAL: ReadonlySet<IconName> = new Set(["back", "exit"])

/** A picture beside words, hidden from screen readers: the words are always there. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class=${DIRECTIONAL.has(name) ? "flip" : ""} viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`
}
