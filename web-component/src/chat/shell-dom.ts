import { shellStyles } from "./shell-styles.ts"

export interface ShellParts {
  readonly launcher: HTMLButtonElement
  readonly text: HTMLElement
  readonly badge: HTMLElement
  readonly panel: HTMLDialogElement
  readonly status: HTMLElement
  readonly message: HTMLElement
  readonly retry: HTMLButtonElement
  readonly close: HTMLButtonElement
}

const SVG = "http://www.w3.org/2000/svg"
const BUBBLE = "M21 11.5a8.4 8.4 0 0 1-12 7.6L3.5 20.5 5 15.2A8.4 8.4 0 1 1 21 11.5Z"

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.className = className
  return element
}

function icon(): SVGElement {
  const svg = document.createElementNS(SVG, "svg")
  const attributes = {
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.8",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  }
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value)
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", BUBBLE)
  svg.append(path)
  return svg
}

/** Builds the shell's few nodes. By hand: nothing is parsed as HTML, so a page may enforce Trusted Types. */
export function buildShell(root: ShadowRoot): ShellParts {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(shellStyles)
  root.adoptedStyleSheets = [sheet]

  const launcher = make("button", "launcher")
  launcher.type = "button"
  launcher.setAttribute("part", "launcher")
  launcher.setAttribute("aria-haspopup", "dialog")
  launcher.setAttribute("aria-expanded", "false")
  const text = make("span", "text")
  const badge = make("span", "badge")
  badge.setAttribute("part", "badge")
  badge.setAttribute("aria-hidden", "true")
  launcher.append(icon(), text, badge)

  const panel = make("dialog", "panel")
  panel.setAttribute("part", "panel")
  const status = make("div", "status")
  const message = make("p", "message")
  message.setAttribute("role", "status")
  const row = make("div", "row")
  const retry = make("button", "retry")
  retry.type = "button"
  const close = make("button", "close")
  close.type = "button"
  row.append(retry, close)
  status.append(message, row)
  panel.append(status)

  root.append(launcher, panel)
  return { launcher, text, badge, panel, status, message, retry, close }
}
