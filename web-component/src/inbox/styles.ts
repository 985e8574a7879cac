import { type CSSResult, css } from "lit"

export const inboxStyles: CSSResult = css`
  :host { display: flex; flex-direction: column; block-size: 100dvh; }
  .bar { display: flex; align-items: center; gap: 1rem; padding: .5rem 1rem; border-block-end: 1px solid var(--line); background: var(--surface); }
  .bar .clinic { flex: 1; min-inline-size: 0; display: grid; line-height: 1.3; }
  .bar .clinic b { font-weight: 650; }
  .bar .clinic span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .me { display: inline-flex; align-items: center; gap: .625rem; min-block-size: var(--tap); padding: .25rem .75rem; border: 1px solid transparent;
    border-radius: var(--radius-small); background: none; text-align: start; cursor: pointer; line-height: 1.25; }
  .me:hover { background: var(--sunken); }
  .me .name { display: block; font-weight: 600; font-size: .9375rem; }
  .banner { display: flex; gap: .5rem; align-items: center; padding: .5rem 1rem; background: var(--notice); color: var(--notice-ink);
    font-size: .875rem; border-block-end: 1px solid var(--notice-line); }
  .panes { flex: 1; min-block-size: 0; display: grid; grid-template-columns: minmax(17rem, 22rem) minmax(0, 1fr); }
  .queues { overflow-y: auto; padding: .5rem .75rem 2rem; border-inline-end: 1px solid var(--line); }
  .queues h2 { display: flex; justify-content: space-between; align-items: baseline; gap: .75rem; padding: 1rem .75rem .5rem; font-size: .875rem; }
  .waiting-count { font-weight: 600; color: var(--accent-ink); }
  .queues ul { display: grid; gap: .125rem; }
  .none { padding: 0 .75rem .5rem; }
  .quiet-note { padding: 2rem 1rem; text-align: center; }
  .entry { display: flex; gap: .75rem; inline-size: 100%; min-block-size: 3.5rem; padding: .625rem .75rem; border: 1px solid transparent;
    border-radius: var(--radius-small); background: none; text-align: start; cursor: pointer; }
  .entry:hover { background: var(--sunken); }
  .entry:focus-visible { outline-offset: -2px; }
  .entry[aria-current="true"] { background: var(--accent-soft); }
  .dot { flex: none; inline-size: .5rem; block-size: .5rem; margin-block-start: .5rem; border-radius: 50%; }
  .unanswered .dot { background: var(--accent-ink); }
  .words { flex: 1; min-inline-size: 0; display: grid; gap: .125rem; }
  .entry .name { font-weight: 500; overflow-wrap: anywhere; line-height: 1.35; }
  .unanswered .name { font-weight: 650; }
  .done .name { color: var(--muted); }
  .status { display: flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: center; }
  .waiting { display: inline-flex; align-items: center; gap: .25rem; }
  .waiting svg { inline-size: .9375rem; block-size: .9375rem; }
  .waiting.overdue { color: var(--danger); font-weight: 600; }
  .entry[aria-current="true"] .muted { color: var(--ink); }
  .chip { padding: 0 .4375rem; border: 1px solid var(--line-strong); border-radius: .375rem; font-size: .8125rem; line-height: 1.375; white-space: nowrap; }
  .chip.late { border-color: transparent; background: var(--danger-soft); color: var(--danger); font-weight: 650; }
  .pane { position: relative; min-inline-size: 0; min-block-size: 0; display: grid; grid-template-columns: minmax(0, 1fr);
    grid-template-rows: auto minmax(0, 1fr) auto; }
  .pane-head { grid-row: 1; display: flex; align-items: center; gap: .25rem; min-block-size: 4rem; padding: .625rem 1.25rem;
    border-block-end: 1px solid var(--line); }
  .pane-head .title { flex: 1; min-inline-size: 0; }
  .pane-head h1 { font-size: 1.125rem; overflow-wrap: anywhere; }
  .facts { display: flex; flex-wrap: wrap; gap: 0 .5rem; }
  .facts > *:not(:last-child)::after { content: "·"; margin-inline-start: .5rem; }
  .close-talk { flex: none; font-size: .9375rem; }
  .pane-head .close-talk + .close-talk { margin-inline-start: .25rem; }
  .reopen { justify-self: center; margin-block-start: .25rem; }
  .choose.glass { justify-items: stretch; inline-size: min(28rem, 100%); }
  .glass .sign { justify-self: center; } .glass .field { text-align: start; }
  .glass .field textarea { font: inherit; }
  .apart { border-block-start: 1px solid var(--line); padding-block-start: .5rem; }
  .back { display: none; margin-inline-start: -.75rem; }
  .pane wl-thread { grid-row: 2; min-block-size: 0; }
  .composer { grid-row: 3; border-block-start: 1px solid var(--line); background: var(--bg); }
  .pane footer { grid-row: 3; display: grid; gap: .25rem; padding: 1rem 1.25rem; border-block-start: 1px solid var(--line); text-align: center; }
  .choose { grid-row: 1 / -1; align-self: center; justify-self: center; display: grid; gap: .625rem; justify-items: center; padding: 2rem; text-align: center;
    max-inline-size: 28rem; }
  .pane-head + .choose { grid-row: 2; }
  .choose h1 { font-size: 1.25rem; }
  .sign { font-size: 1.75rem; line-height: 1; }
  .sign.accent { color: var(--accent-ink); } .sign.danger { color: var(--danger); }
  .keys { display: grid; gap: .375rem; margin-block-start: 1rem; text-align: start; }
  .keys div { display: grid; grid-template-columns: 3.5rem 1fr; align-items: baseline; }
  kbd { display: inline-block; min-inline-size: 1.625rem; padding: .0625rem .4375rem; border: 1px solid var(--line-strong); border-radius: .375rem;
    background: var(--surface); font: 600 .8125rem/1.4 var(--sans); text-align: center; }
  .audit-page { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
  .bar .audit { font-size: .9375rem; }
  .door { flex: 1; overflow-y: auto; display: grid; place-items: center; padding: 1.5rem; }
  .card { inline-size: min(27rem, 100%); padding: 2rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
  .stack { display: grid; gap: 1rem; } .stack.center { justify-items: center; }
  .file:focus-within { outline: 3px solid var(--accent-ink); outline-offset: 2px; }
  .field textarea { font-family: ui-monospace, monospace; font-size: .875rem; overflow-wrap: anywhere; }
  .choice { display: flex; align-items: center; gap: .75rem; min-block-size: var(--tap); cursor: pointer; }
  .choice input { inline-size: 1.25rem; block-size: 1.25rem; margin: 0; accent-color: var(--accent); flex: none; }
  .account { display: grid; gap: .5rem; }
  .account div { display: grid; grid-template-columns: 6rem 1fr; gap: .75rem; } .account dt { color: var(--muted); }
  .dialog-top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-block-start: -.5rem; margin-inline-end: -.5rem; }
  .host { font-weight: 650; font-size: 1.125rem; overflow-wrap: anywhere; }
  .address { overflow-wrap: anywhere; max-block-size: 7rem; overflow: auto; }
  @media (max-width: 760px) {
    .panes { grid-template-columns: minmax(0, 1fr); }
    .queues { border: 0; }
    .panes.reading .queues, .panes:not(.reading) .pane { display: none; }
    .back { display: inline-grid; }
    .pane-head { padding-inline: 1rem .5rem; }
    .close-talk span { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .close-talk { padding-inline: .75rem; }
    .me .small { display: none; }
    .bar .audit { padding-inline: .75rem; }
    .bar .audit span { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .bar:has(~ .reading), .bar:has(~ .audit-page) { display: none; }
    .card { padding: 1.5rem 1.25rem; }
  }
  @media (max-height: 460px) {
    :host { block-size: auto; min-block-size: 100dvh; }
    .queues, .door { overflow: visible; }
  }
  @media (forced-colors: active) {
    .entry[aria-current="true"] { border-color: Highlight; outline: 2px solid Highlight; }
    .unanswered .dot { background: CanvasText; } .chip { border-color: CanvasText; }
  }
`
