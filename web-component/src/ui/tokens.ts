import { type CSSResult, css } from "lit"

const light = css`
  --bg: #faf8f5; --surface: #ffffff; --sunken: #f1eee8; --ink: #1e2523; --muted: #59625f;
  --line: #e4dfd7; --line-strong: #808885; --accent: #17624f; --on-accent: #ffffff; --accent-ink: #17624f;
  --accent-soft: #e1eee9; --mine: #dcebe5; --danger: #a5281b; --danger-soft: #fbe9e5;
  --notice: #fdf3dd; --notice-ink: #5c4405; --notice-line: #efdcae; --shadow: rgb(30 37 35 / .14);
`
const dark = css`
  --bg: #141817; --surface: #1d2321; --sunken: #101312; --ink: #ebeeec; --muted: #a4aeaa;
  --line: #2d3532; --line-strong: #77827e; --accent: #79c7b0; --on-accent: #0c211b; --accent-ink: #8bd2bd;
  --accent-soft: #1d3830; --mine: #21423a; --danger: #ff9d8f; --danger-soft: #3a1f1b;
  --notice: #2f2715; --notice-ink: #f0d898; --notice-line: #4c3f1f; --shadow: rgb(0 0 0 / .5);
`

/** Colours, type and the page-wide rules: the one place where the look is decided. Contrast is AA or better. */
export const tokens: CSSResult = css`
  :host {
    ${light}
    --radius: 14px; --radius-small: 10px; --tap: 44px;
    --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif;
    color-scheme: light dark; color: var(--ink); background: var(--bg);
    font: 400 1rem/1.5 var(--sans); -webkit-text-size-adjust: 100%;
  }
  @media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${dark} } }
  :host([theme="dark"]) { ${dark} color-scheme: dark; }
  :host([theme="light"]) { color-scheme: light; }
`
