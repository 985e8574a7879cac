/** Pictures that only the log's screens need: the first screens don't carry them. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit"

export type AuditIconName = "shield" | "eye" | "filter" | "download" | "chart" | "log"

const PATHS: Readonly<Record<AuditIconName, SVGTemplateResult>> = {
  shield: svg`<path d="M12 3.500 5 6v5.500c0 4.300 2.900 7.500 7 9 4.100-1.500 7-4.700 7-9V6l-7-2.500ZM9 12l2.200 2.200L15.200 10"/>`,
  eye: svg`<path d="M2.500 12C5 7.500 8.300 5.500 12 5.500s7 2 9.500 6.500c-2.500 4.500-5.800 6.500-9.500 6.500S5 16.500 2.500 12Z"/><circle cx="12" cy="12" r="2.750"/>`,
  filter: svg`<path d="M4 6h16M7 12h10M10 18h4"/>`,
  download: svg`<path d="M12 4v11M7 10.500l5 5 5-5M5 20h14"/>`,
  chart: svg`<path d="M4 20h16M7 16v-5M12 16V5M17 16v-8"/>`,
  log: svg`<path d="M6 3.500h9l4 4V20a.500.500 0 0 1-.500.500h-12A.500.500 0 0 1 6 20V3.500ZM9.500 11h6M9.500 14.500h6M9.500 7.500h2.500"/>`,
}

/** A picture beside words, hidden from screen readers: the words are always there. */
export function auditIcon(name: AuditIconName): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`
}
