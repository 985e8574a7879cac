import { html, type TemplateResult } from "lit"
import { encode } from "uqr"
import { pathOf } from "./qr-path.ts"

/** Light modules around it, as readers need. */
const QUIET = 4

/** A link as a picture that a phone's camera reads: dark on light in every colour scheme. */
export function qrView(text: string, label: string): TemplateResult {
  const { data } = encode(text, { ecc: "M", border: QUIET })
  const box = `0 0 ${data.length} ${data.length}`
  return html`<svg class="qr" viewBox=${box} role="img" aria-label=${label} shape-rendering="crispEdges"><path d=${pathOf(data)} /></svg>`
}
