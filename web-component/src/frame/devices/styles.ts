import { type CSSResult, css } from "lit"

export const deviceStyles: CSSResult = css`
  :host { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1.5rem 1.25rem; display: block; }
  .stack { display: grid; gap: 1rem; align-content: start; max-inline-size: 34rem; margin-inline: auto; }
  .devices { border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
  .devices li { display: flex; align-items: center; gap: .75rem; min-block-size: 3.75rem; padding: .5rem .5rem .5rem 1rem;
    padding-inline: 1rem .5rem; }
  .devices li + li { border-block-start: 1px solid var(--line); }
  .devices .words { flex: 1; min-inline-size: 0; font-weight: 600; overflow-wrap: anywhere; }
  .devices svg { color: var(--muted); }
  .choices { display: grid; gap: .625rem; }
  .choice { display: flex; align-items: center; gap: .875rem; inline-size: 100%; min-block-size: 4rem; padding: .75rem 1rem;
    border: 1px solid var(--line-strong); border-radius: var(--radius); background: var(--surface); text-align: start; cursor: pointer; }
  .choice:hover { background: var(--sunken); }
  .choice svg { color: var(--accent-ink); }
  .choice .words { flex: 1; min-inline-size: 0; display: grid; gap: .125rem; }
  .choice b { font-weight: 650; }
  .code { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; padding: 0; direction: ltr; }
  .code li { display: flex; align-items: baseline; gap: .5rem; min-block-size: 2.75rem; padding: .5625rem .75rem; border: 1px solid var(--line);
    border-radius: var(--radius-small); background: var(--surface); font: 600 1.0625rem/1.4 ui-monospace, monospace; }
  .code .small { min-inline-size: 1.5rem; color: var(--muted); font-weight: 400; text-align: end; }
  .qr { inline-size: min(17rem, 100%); block-size: auto; aspect-ratio: 1; justify-self: center; border-radius: var(--radius-small);
    background: #fff; fill: #000; stroke: none; border: 1px solid var(--line); }
  .steps { display: grid; gap: .375rem; list-style: decimal; padding-inline-start: 1.5rem; }
  .notice { display: flex; gap: .625rem; padding: .625rem .875rem; border: 1px solid var(--notice-line); border-radius: var(--radius-small);
    background: var(--notice); color: var(--notice-ink); }
  .link textarea { font: .8125rem/1.5 ui-monospace, monospace; min-block-size: 4.5rem; resize: none; overflow-wrap: anywhere; direction: ltr; }
  .field textarea.words { font-family: ui-monospace, monospace; min-block-size: 7rem; direction: ltr; }
  .good { color: var(--accent-ink); font-weight: 600; display: flex; gap: .5rem; align-items: center; }
  .wait { display: grid; place-items: center; gap: 1rem; padding: 3rem 1rem; text-align: center; }
  progress { inline-size: min(16rem, 100%); accent-color: var(--accent); }
  @media (max-height: 460px) { :host { overflow: visible; } }
  @media (forced-colors: active) { .qr { forced-color-adjust: none; } }
  @media print {
    :host, .code li, .notice { color: #000; background: #fff; }
    :host { overflow: visible; padding: 0; }
    .noprint { display: none !important; }
    .code li { break-inside: avoid; border-color: #000; }
  }
`
