/** The enrolment code in the page's address. */

const FRAGMENT = /^#enrol=(.+)$/s

/**
 * Takes an enrolment code out of the page's address, so that it is in no history entry and no copied link.
 * @returns the code, or null where there is none.
 */
export function takeFromAddress(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
): string | null {
  const code = FRAGMENT.exec(location.hash)?.[1] ?? null
  if (code !== null) history.replaceState(null, "", location.pathname + location.search)
  return code
}
