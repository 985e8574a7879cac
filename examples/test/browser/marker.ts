/** Random marker strings, and a search that finds them however they were written down. */
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** A word that occurs nowhere by chance. Letters only, so that no encoding of a URL or of JSON changes it. */
export function makeMarker(label: string): string {
  const letters = [...randomBytes(20)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("")
  return `${label}${letters}`
}

/** The marker as bytes in every encoding that a careless line of code might use. */
export function encodingsOf(marker: string): Map<string, Buffer> {
  const bytes = Buffer.from(marker)
  const encodings = new Map<string, Buffer>([
    ["plain", bytes],
    ["utf-16", Buffer.from(marker, "utf16le")],
    ["hex", Buffer.from(bytes.toString("hex"))],
    ["reversed", Buffer.from([...marker].reverse().join(""))],
  ])
  // Base64 of a longer text shows the marker in one of three alignments; its edges depend on the neighbours.
  for (let shift = 0; shift < 3; shift++) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    encodings.set(`base64+${shift}`, Buffer.from(encoded.slice(shift === 0 ? 0 : 4, -4)))
  }
  return encodings
}

export interface Hit {
  where: string
  marker: string
  encoding: string
}

/** Where any of the markers occurs in a piece of data. */
export function search(where: string, data: Buffer | string, markers: readonly string[]): Hit[] {
  const haystack = typeof data === "string" ? Buffer.from(data) : data
  const hits: Hit[] = []
  for (const marker of markers) {
    for (const [encoding, needle] of encodingsOf(marker)) {
      if (haystack.includes(needle)) hits.push({ where, marker, encoding })
    }
  }
  return hits
}

/** The same in every file below a folder. */
export function searchFolder(folder: string, markers: readonly string[]): { hits: Hit[]; files: number } {
  const hits: Hit[] = []
  let files = 0
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name)
    if (!statSync(path).isFile()) continue
    files += 1
    hits.push(...search(path, readFileSync(path), markers))
  }
  return { hits, files }
}
