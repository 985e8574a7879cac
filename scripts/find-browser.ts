import { existsSync, readdirSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { type Browser, chromium, type LaunchOptions } from "playwright-core"
import { chosenBy, installByApt, isExecutable, isRoot, onPath } from "./find-program.ts"

const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
  "microsoft-edge",
]
const FIXED_PATHS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "/snap/bin/chromium",
]

/** A browser under test calls nobody: these stop Chromium's own background requests. */
const QUIET_FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** Browsers that `npx playwright install` left behind; the newest first. */
function inPlaywrightCache(): string | undefined {
  const caches = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(homedir(), ".cache/ms-playwright"),
    join(homedir(), "Library/Caches/ms-playwright"),
  ]
  const inside = [
    "chrome-linux64/chrome",
    "chrome-linux/chrome",
    "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
    "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
  ]
  for (const cache of caches) {
    if (cache === undefined || !existsSync(cache)) continue
    const versions = readdirSync(cache).filter((name) => /^chromium-\d+$/.test(name))
    versions.sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)))
    const found = versions.flatMap((name) => inside.map((rest) => join(cache, name, rest))).find(isExecutable)
    if (found !== undefined) return found
  }
  return undefined
}

function searchInstalled(): string | undefined {
  return onPath(NAMES) ?? FIXED_PATHS.find(isExecutable) ?? inPlaywrightCache()
}

/**
 * Finds a Chromium: CHROME_PATH, PATH, usual places, playwright's cache; as root on Debian or Ubuntu installs one.
 * @returns the path of its executable.
 * @throws {Error} saying what to install, when there is none.
 */
export async function findBrowser(): Promise<string> {
  const found = chosenBy("CHROME_PATH", "a Chromium or Chrome executable") ?? searchInstalled()
  if (found !== undefined) return found
  installByApt("Chromium", ["chromium", "fonts-liberation"])
  const afterwards = searchInstalled()
  if (afterwards !== undefined) return afterwards
  throw new Error(
    [
      "The browser tests need Chromium or Chrome, and none was found. Any one of these helps:",
      "  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install chromium",
      "  Fedora:          sudo dnf install chromium",
      "  macOS:           brew install --cask google-chrome",
      "  anywhere:        npx playwright-core install chromium",
      "  already there:   CHROME_PATH=/path/to/chrome npm test",
    ].join("\n"),
  )
}

/** Starts the browser that findBrowser finds, headless unless told otherwise; the caller closes it. */
export async function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = await findBrowser()
  const args = [...QUIET_FLAGS, ...(isRoot ? ["--no-sandbox"] : []), ...(options.args ?? [])]
  return chromium.launch({ ...options, executablePath, args })
}
