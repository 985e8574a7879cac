import { html, type TemplateResult } from "lit"
import { encode } from "uqr"

/** Light modules around it, as readers need. */
const QUIET = 4

/** One stripe for each run of dark modules in a row, as an SVG path of side 1 each. Pure.
 * @param rows - from top to bottom. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  const stripes = rows.flatMap((row, y) => {
    const starts = row.flatMap((isDark, x) => (isDark && row[x - 1] !== true ? [x] : []))
    return starts.map((x) => {
      const end = row.indexOf(false, x)
      const length = (end < 0 ? row.length : end) - x
      return `M${x} ${y}h${length}v1h-${length}z`
    })
  })
  return stripes.join("")
}

/** A link as a picture that a phone's camera reads: dark on light in every colour scheme. */
export function qrView(text: string, label: string): TemplateResult {
  const { data } = encode(text, { ecc: "M", border: QUIET })
  const box = `0 0 ${data.length} ${data.length}`
  return html`<svg class="qr" viewBox=${box} role="img" aria-label=${label} shape-rendering="crispEdges"><path d=${pathOf(data)} /></svg>`
}
