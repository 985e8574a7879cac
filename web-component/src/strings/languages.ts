/** Languages and their matching; no text of its own. */

export type Direction = "ltr" | "rtl"

const RTL = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"])

/** The first subtag, lower case: "es-MX" → "es". */
export function baseOf(tag: string): string {
  return (tag.split("-")[0] ?? "").toLowerCase()
}

export function directionOf(tag: string): Direction {
  return RTL.has(baseOf(tag)) ? "rtl" : "ltr"
}

/**
 * Picks the best of `available` for what a person asked for, in the order they asked.
 * @param wanted - language tags, best first; "auto" entries are skipped.
 * @returns an exact match, else one of the same base language, else the first that is available.
 */
export function pickLanguage<T extends string>(
  wanted: readonly string[],
  available: readonly [T, ...T[]],
): T {
  for (const tag of wanted) {
    if (tag === "auto") continue
    const exact = available.find((one) => one.toLowerCase() === tag.toLowerCase())
    const sameBase = exact ?? available.find((one) => baseOf(one) === baseOf(tag))
    if (sameBase !== undefined) return sameBase
  }
  return available[0]
}

/** What the person asked for: an attribute first, then the browser's list. */
export function wantedLanguages(attribute: string | null | undefined): readonly string[] {
  const own = globalThis.navigator?.languages ?? []
  return attribute === null || attribute === undefined || attribute === "" || attribute === "auto"
    ? own
    : [attribute, ...own]
}

/** A language's name in that language itself, as a picker should show it. */
export function languageName(tag: string): string {
  try {
    const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1)
  } catch {
    return tag
  }
}

/**
 * Picks a text from a policy's localized field.
 * @returns the text and the language it is in; the field's first language when none fits.
 */
export function localize(
  field: Readonly<Record<string, string>>,
  wanted: readonly string[],
): { language: string; text: string } {
  const [first, ...rest] = Object.keys(field)
  if (first === undefined) return { language: "", text: "" }
  const language = pickLanguage(wanted, [first, ...rest])
  return { language, text: field[language] ?? "" }
}

/** Chooses among plural forms by the language's own rules; `other` is always there. */
export function pluralizer(
  locale: string,
): (count: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }) => string {
  const rules = new Intl.PluralRules(locale)
  const digits = new Intl.NumberFormat(locale)
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("{n}", digits.format(count))
}
