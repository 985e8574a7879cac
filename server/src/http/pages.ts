/** The pages and scripts: read from the web root once, so that no request ever names a path of the file system. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createRequire } from "node:module"
import { dirname, extname, join, sep } from "node:path"
import { answer, answerMethod, type Headers, hasVersion } from "./answer.ts"

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
}

/** Best first. Compressed when the pages are built: never here. */
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const

/** A name with a hash of its content in it never changes. */
const HASHED = /[-.][0-9A-Za-z_-]{8,}\.[a-z0-9]+$/

interface Page {
  type: string
  body: Buffer
  etag: string
  encoded: { name: string; body: Buffer }[]
  isImmutable: boolean
  /** Whether other origins may load it: scripts yes, pages only in frames. */
  kind: "chat" | "staff" | "script"
}

export interface PageOptions {
  /** Origins that may embed the chat. */
  frameAncestors: readonly string[]
  /** The relay's own address as pages see it, such as https://chat.clinic.example; undefined if it isn't known. */
  publicOrigin: string | undefined
}

/** The folder that the web component's package builds its pages into; undefined if the package isn't there. */
export function defaultWebRoot(): string | undefined {
  try {
    const require = createRequire(import.meta.url)
    return join(dirname(require.resolve("@wardline/web-component/package.json")), "dist", "site")
  } catch {
    return undefined
  }
}

export class Pages {
  readonly #options: PageOptions
  /** By URL path. */
  readonly #pages = new Map<string, Page>()

  /** Reads the web root; where there is none, no page is served. */
  constructor(webRoot: string | undefined, options: PageOptions) {
    this.#options = options
    if (webRoot === undefined || !existsSync(webRoot)) return
    this.#add("/chat", join(webRoot, "chat.html"), "chat")
    this.#add("/staff", join(webRoot, "staff.html"), "staff")
    this.#add("/wardline.js", join(webRoot, "wardline.js"), "script")
    const assets = join(webRoot, "assets")
    if (!existsSync(assets)) return
    for (const name of readdirSync(assets, { recursive: true, encoding: "utf8" })) {
      const path = `/assets/${name.split(sep).join("/")}`
      if (!/\.(br|gz)$/.test(name)) this.#add(path, join(assets, name), "script")
    }
  }

  get isEmpty(): boolean {
    return this.#pages.size === 0
  }

  #add(path: string, file: string, kind: Page["kind"]): void {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return
    const body = readFileSync(file)
    const encoded = ENCODINGS.filter(({ suffix }) => existsSync(file + suffix)).map(({ name, suffix }) => ({
      name,
      body: readFileSync(file + suffix),
    }))
    const type = TYPES[extname(file)] ?? "application/octet-stream"
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`
    const isImmutable = path.startsWith("/assets/") && HASHED.test(path)
    this.#pages.set(path, { type, body, etag, encoded, isImmutable, kind })
  }

  /** Answers if the path is a page's or a script's. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    const page = this.#pages.get(url.pathname)
    if (page === undefined) return false
    if (request.method !== "GET" && request.method !== "HEAD") {
      answerMethod(response, "GET, HEAD")
      return true
    }
    const accepted = (request.headers["accept-encoding"] ?? "").split(",").map(acceptedEncoding)
    const chosen = page.encoded.find(({ name }) => accepted.includes(name))
    // Each encoding is a version of its own.
    const etag = chosen ? `${page.etag.slice(0, -1)}-${chosen.name}"` : page.etag
    const headers: Headers = {
      "Content-Type": page.type,
      "Cache-Control": page.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
      ETag: etag,
      Vary: "Accept-Encoding",
      ...this.#securityHeaders(page.kind, request),
    }
    if (chosen) headers["Content-Encoding"] = chosen.name
    if (hasVersion(request, etag)) answer(response, 304, headers)
    else answer(response, 200, headers, chosen?.body ?? page.body)
    return true
  }

  #securityHeaders(kind: Page["kind"], request: IncomingMessage): Headers {
    const { publicOrigin } = this.#options
    const transport: Headers = publicOrigin?.startsWith("https:")
      ? { "Strict-Transport-Security": "max-age=31536000" }
      : {}
    if (kind === "script")
      // Public code, the same for everybody, that other origins' pages load with an integrity hash.
      return {
        ...transport,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
      }
    return {
      ...transport,
      "Content-Security-Policy": this.#contentPolicy(kind, request),
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": kind === "chat" ? "cross-origin" : "same-origin",
      "Permissions-Policy": PERMISSIONS,
      "X-Robots-Tag": "noindex",
    }
  }

  #contentPolicy(kind: "chat" | "staff", request: IncomingMessage): string {
    const ancestors = kind === "chat" ? ["'self'", ...this.#options.frameAncestors].join(" ") : "'none'"
    return [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "style-src 'self'",
      ["connect-src 'self'", ...this.#socketSources(request)].join(" "),
      "img-src 'self' blob: data:",
      "font-src 'self'",
      "worker-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${ancestors}`,
      "require-trusted-types-for 'script'",
      // Lit's own, for its templates.
      "trusted-types lit-html",
    ].join("; ")
  }

  /** The relay's WebSocket address, for browsers in which 'self' doesn't cover it. */
  #socketSources(request: IncomingMessage): string[] {
    const { publicOrigin } = this.#options
    if (publicOrigin !== undefined) return [publicOrigin.replace(/^http/, "ws")]
    // The header is the client's own word for its own page; anything but a plain host would break out of the policy.
    const host = request.headers.host ?? ""
    return /^[a-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:]+\](:\d{1,5})?$/i.test(host) ? [`ws://${host}`] : []
  }
}

const PERMISSIONS = [
  "accelerometer",
  "autoplay",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "usb",
]
  .map((feature) => `${feature}=()`)
  .join(", ")

/** The name of one item of Accept-Encoding; nothing if it is refused. */
function acceptedEncoding(item: string): string {
  const [name = "", quality = ""] = item.trim().split(";")
  return /^\s*q=0(\.0*)?\s*$/.test(quality) ? "" : name.trim().toLowerCase()
}
