/**
 * The stable code of whatever was thrown.
 * @param otherwise - for what isn't a WardlineError, such as a script that could not be fetched.
 */
export function codeOf(error: unknown, otherwise = "ERR_INTERNAL"): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code
  return otherwise
}
