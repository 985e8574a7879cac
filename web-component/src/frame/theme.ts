import type { ThemeTokens } from "../bridge/messages.ts"
import { mix, parseRgb, type Rgb, readableOn, textOn, toCss } from "../ui/contrast.ts"

/** WCAG 2.2, 1.4.3: text. */
const TEXT_RATIO = 4.5
const DERIVED = ["--accent", "--on-accent", "--accent-ink", "--accent-soft", "--mine"] as const

/**
 * The accent's family of colours, readable on the surface that is there.
 * @param surface - the background that accent text stands on.
 */
export function accentColors(accent: Rgb, surface: Rgb): Record<(typeof DERIVED)[number], Rgb> {
  const soft = mix(surface, accent, 0.14)
  // On the soft tint too: an own message's links are in this colour.
  const ink = readableOn(soft, readableOn(surface, accent, TEXT_RATIO), TEXT_RATIO)
  return {
    "--accent": accent,
    "--on-accent": textOn(accent),
    "--accent-ink": ink,
    "--accent-soft": soft,
    "--mine": soft,
  }
}

function computedRgb(element: HTMLElement, color: string): Rgb | null {
  const before = element.style.color
  element.style.color = color
  const rgb = parseRgb(getComputedStyle(element).color)
  element.style.color = before
  return rgb
}

/** Puts the clinic's tokens on the app; without an accent the built-in colours stay. */
export function applyTheme(app: HTMLElement, theme: ThemeTokens): void {
  app.setAttribute("theme", theme.scheme)
  for (const name of DERIVED) app.style.removeProperty(name)
  if (theme.accent === "" || !CSS.supports("color", theme.accent)) return
  const accent = computedRgb(app, theme.accent)
  const surface = computedRgb(app, "var(--surface)")
  if (accent === null || surface === null) return
  for (const [name, rgb] of Object.entries(accentColors(accent, surface)))
    app.style.setProperty(name, toCss(rgb))
}
