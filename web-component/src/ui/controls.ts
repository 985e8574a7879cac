import { type CSSResult, css } from "lit"

/** Buttons, fields and other small parts, the same everywhere. */
export const controls: CSSResult = css`
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, p, ul, ol, fieldset, legend, dl, dd { margin: 0; padding: 0; border: 0; min-inline-size: 0; }
  h1 { font-size: 1.375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
  h1.plain { font-size: 1rem; font-weight: 400; letter-spacing: 0; }
  h2 { font-size: 1.125rem; line-height: 1.3; font-weight: 650; text-wrap: balance; }
  ul, ol { list-style: none; }
  button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; }
  [hidden] { display: none !important; }
  svg { width: 1.25em; height: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.75;
    stroke-linecap: round; stroke-linejoin: round; }
  :host(:dir(rtl)) svg.flip { transform: scaleX(-1); }
  :focus { outline: none; }
  :focus-visible { outline: 3px solid var(--accent-ink); outline-offset: 2px; }
  :is(input, textarea, select):focus-visible { outline: 2px solid var(--accent-ink); outline-offset: -1px; }
  /* Headings take the focus for screen readers when a screen changes; they aren't controls. */
  h1:focus-visible { outline: none; }
  .hide { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap; }
  .muted { color: var(--muted); }
  .small { font-size: .875rem; line-height: 1.45; }

  .button { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-block-size: var(--tap);
    padding: .5rem 1.125rem; border-radius: var(--radius-small); border: 1px solid var(--line-strong);
    background: var(--surface); font-weight: 600; text-align: center; cursor: pointer;
    -webkit-tap-highlight-color: transparent; transition: background-color .12s, border-color .12s; }
  .button:hover { background: var(--sunken); }
  .button.primary { background: var(--accent); color: var(--on-accent); border-color: transparent; }
  .button.primary:hover { filter: brightness(1.07); background: var(--accent); }
  .button.danger { color: var(--danger); border-color: currentColor; }
  .button.danger:hover { background: var(--danger-soft); }
  .button.quiet { border-color: transparent; background: none; }
  .button.quiet:hover { background: var(--sunken); }
  .button.wide { inline-size: 100%; }
  .button[aria-disabled="true"], .button:disabled { cursor: default; opacity: .6; }
  .icon { flex: none; display: inline-grid; place-items: center; inline-size: var(--tap); block-size: var(--tap); padding: 0;
    border: 0; border-radius: 50%; background: none; cursor: pointer; -webkit-tap-highlight-color: transparent; }
  .icon:hover { background: var(--sunken); }

  .field { display: grid; gap: .375rem; }
  .field > label, .label { font-weight: 600; }
  .field input, .field textarea, .field select, .select { inline-size: 100%; min-block-size: var(--tap);
    padding: .5625rem .75rem; border: 1px solid var(--line-strong); border-radius: var(--radius-small);
    background: var(--surface); }
  .field textarea { min-block-size: 5.25rem; resize: vertical; }
  .optional { font-weight: 400; color: var(--muted); }
  .problem { color: var(--danger); font-weight: 600; }

  .spinner { inline-size: 1.75rem; block-size: 1.75rem; border: 3px solid var(--line); border-block-start-color: var(--accent);
    border-radius: 50%; animation: turn .9s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }

  dialog { inline-size: min(26rem, calc(100vw - 2rem)); max-block-size: calc(100dvh - 2rem); overflow: auto; margin: auto;
    padding: 1.5rem; border: 1px solid var(--line); border-radius: var(--radius); color: var(--ink);
    background: var(--surface); box-shadow: 0 20px 60px var(--shadow); }
  dialog::backdrop { background: rgb(10 14 13 / .48); }
  dialog .stack { display: grid; gap: .875rem; }
  .actions { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: flex-end; }
  dialog .actions { margin-block-start: .5rem; }
  .actions .button { flex: 1 1 8rem; }

  .toast { position: fixed; inset-block-end: calc(5.25rem + env(safe-area-inset-bottom)); inset-inline: 1rem; margin-inline: auto;
    z-index: 5; inline-size: fit-content; max-inline-size: calc(100% - 2rem); display: flex; align-items: center; gap: .75rem;
    padding: .25rem 1.125rem; min-block-size: 3rem; border-radius: var(--radius-small); background: var(--ink); color: var(--bg);
    box-shadow: 0 8px 28px var(--shadow); }
  .toast button { min-block-size: var(--tap); padding-inline: .5rem; border: 0; background: none; color: inherit; font-weight: 700;
    text-decoration: underline; text-underline-offset: .2em; cursor: pointer; }
  .toast :focus-visible { outline-color: var(--bg); }

  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { transition: none !important; animation-duration: .01ms !important;
      animation-iteration-count: 1 !important; scroll-behavior: auto !important; }
    .spinner { border-color: var(--accent); border-style: dotted; }
  }
  @media (forced-colors: active) {
    .button, .icon { border: 1px solid ButtonText; }
    .button.primary { forced-color-adjust: none; background: ButtonText; color: ButtonFace; }
    .toast { border: 2px solid CanvasText; }
    .button[aria-disabled="true"], .button:disabled { color: GrayText; border-color: GrayText; opacity: 1; }
  }
`
