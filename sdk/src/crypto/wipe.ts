/** Overwrites secrets that are no longer needed. Best effort: JavaScript may have copied them before. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}
