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
