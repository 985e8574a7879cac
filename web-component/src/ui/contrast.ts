/** Keeps a clinic's own accent readable (WCAG 2.2, 1.4.3 and 1.4.11). Pure. */

/** Red, green and blue, each 0–255. */
export type Rgb = readonly [number, number, number]

/** Reads what getComputedStyle answers: "rgb(23, 98, 79)"; null for anything else. */
export function parseRgb(computed: string): Rgb | null {
  const match = /^rgba?\(\s*([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)/.exec(computed)
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])]
}

export function toCss([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The contrast ratio of two colours, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export function mix(a: Rgb, b: Rgb, partOfB: number): Rgb {
  const one = (index: 0 | 1 | 2): number => a[index] * (1 - partOfB) + b[index] * partOfB
  return [one(0), one(1), one(2)]
}

const BLACK: Rgb = [12, 18, 16]
const WHITE: Rgb = [255, 255, 255]

/** The accent, moved towards black or white only as far as it takes to reach `ratio` on `background`. */
export function readableOn(background: Rgb, accent: Rgb, ratio: number): Rgb {
  const towards = luminance(background) > 0.18 ? BLACK : WHITE
  for (let part = 0; part < 1; part += 0.04) {
    const candidate = mix(accent, towards, part)
    if (contrast(candidate, background) >= ratio) return candidate
  }
  return towards
}

/** A soft black or white, whichever is easier to read on the colour; on a few colours in the middle, where neither
 * is enough, pure black. */
export function textOn(color: Rgb): Rgb {
  const soft = contrast(WHITE, color) >= contrast(BLACK, color) ? WHITE : BLACK
  return contrast(soft, color) >= 4.5 ? soft : [0, 0, 0]
}
