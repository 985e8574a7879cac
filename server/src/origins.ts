/** Origins of pages: whose may connect. */

/** Whether text is an origin as browsers send it: scheme, host, and a port where it isn't the scheme's own. */
export function isOrigin(text: string): boolean {
  try {
    const url = new URL(text)
    return (url.protocol === "https:" || url.protocol === "http:") && url.origin === text
  } catch {
    return false
  }
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"])

/** The relay's own origins, whose pages it serves itself. Without a public origin only a relay on loopback knows its
 * own: the Host header isn't believed, since anybody's name can point here. */
export function ownOrigins(host: string, port: number, publicOrigin: string | undefined): string[] {
  const own = publicOrigin === undefined ? [] : [publicOrigin]
  if (!LOOPBACK.has(host)) return own
  const names = ["127.0.0.1", "localhost", "[::1]"]
  return [...own, ...names.map((name) => `http://${name}${port === 80 ? "" : `:${port}`}`)]
}
