import { type CSSResult, css } from "lit"

/** The two row heights stand in audit-element.ts too. */
export const auditStyles: CSSResult = css`
  :host { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
  .head { display: flex; align-items: center; gap: .5rem; padding: .625rem 1.25rem .375rem .5rem; padding-inline: .5rem 1.25rem; }
  .head .title { flex: 1; min-inline-size: 0; }
  .head h1 { font-size: 1.25rem; }
  .head .button:disabled { display: none; }
  .tabs { display: flex; gap: .25rem; padding-inline: 1.25rem; border-block-end: 1px solid var(--line); overflow-x: auto; }
  .tab { display: inline-flex; align-items: center; gap: .5rem; min-block-size: var(--tap); padding: .5rem .875rem; border: 0;
    border-block-end: 3px solid transparent; background: none; color: var(--muted); font-weight: 600; white-space: nowrap; cursor: pointer; }
  .tab:hover { color: var(--ink); }
  .tab:focus-visible { outline-offset: -3px; }
  .tab[aria-selected="true"] { color: var(--accent-ink); border-color: var(--accent-ink); }
  .panel { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
  .page { flex: 1; min-block-size: 0; overflow-y: auto; padding: 1.25rem; }
  .alarm { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin: .25rem 1.25rem .5rem; padding: .5rem .875rem;
    border: 2px solid var(--danger); border-radius: var(--radius-small); background: var(--surface); }
  .alarm > svg, .alarm b { color: var(--danger); }
  .alarm p { flex: 1 1 16rem; }

  .filter-toggle { display: none; }
  .filters { display: flex; flex-wrap: wrap; gap: .625rem; align-items: end; padding: .875rem 1.25rem .25rem; }
  .filters .field { flex: 1 1 9rem; max-inline-size: 14rem; gap: .1875rem; }
  .filters .field.wide { flex-basis: 11rem; max-inline-size: 17rem; }
  .filters label { font-size: .8125rem; font-weight: 600; color: var(--muted); }
  .filters .clear { flex: none; padding-inline: .75rem; }
  .status { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; min-block-size: var(--tap); padding-inline: 1.25rem; }
  .status .button { font-size: .875rem; padding-inline: .75rem; text-decoration: underline; text-underline-offset: .2em; }
  progress { inline-size: min(14rem, 100%); accent-color: var(--accent); }
  .nothing { padding: 3rem 1.25rem; text-align: center; }

  .rows { flex: 1; min-block-size: 12rem; overflow: auto; border-block-start: 1px solid var(--line); scrollbar-gutter: stable; }
  table { border-collapse: separate; border-spacing: 0; inline-size: 100%; text-align: start; }
  th { font-weight: 600; text-align: start; }
  .end { text-align: end; font-variant-numeric: tabular-nums; }
  .log { table-layout: fixed; font-size: .9375rem; min-inline-size: 70rem; }
  .log thead th { position: sticky; inset-block-start: 0; z-index: 1; padding: .5rem .5rem; background: var(--bg); color: var(--muted); font-size: .8125rem;
    border-block-end: 1px solid var(--line-strong); }
  .log tr:not(.space) td { block-size: 45px; padding: 0 .5rem; border-block-end: 1px solid var(--line); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .log tr:not(.space) :is(th, td):first-child { padding-inline-start: 1.25rem; }
  .log .space td { border: 0; padding: 0; }
  .log tbody tr:not(.space) { cursor: pointer; }
  .log tbody tr:not(.space):hover { background: var(--sunken); }
  .log tr.unusual { background: var(--notice); }
  .log th.number { inline-size: 5.5rem; } .log th.time { inline-size: 11rem; } .log th.role { inline-size: 7rem; }
  .log th.about { inline-size: 6.5rem; } .log th.purpose { inline-size: 10.5rem; } .log th.outcome { inline-size: 6.5rem; }
  .log .number { font-variant-numeric: tabular-nums; }
  .row { min-block-size: var(--tap); inline-size: 100%; padding: 0; border: 0; background: none; text-align: start; font-variant-numeric: tabular-nums;
    cursor: pointer; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .row:focus-visible { outline-offset: -3px; }
  tr:focus-within { background: var(--accent-soft); }
  code { font: .8125rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
  .chip { padding: 0 .4375rem; border-radius: .375rem; font-size: .8125rem; line-height: 1.375; white-space: nowrap; }
  .chip.late { background: var(--danger-soft); color: var(--danger); font-weight: 650; }

  .headline { font-size: 1.125rem; font-weight: 600; }
  dialog { inline-size: min(36rem, calc(100vw - 2rem)); }
  .facts-list { display: grid; gap: .5rem; }
  .facts-list div { display: grid; grid-template-columns: minmax(6rem, 9rem) minmax(0, 1fr); gap: .75rem; }
  .facts-list dt { color: var(--muted); }
  .facts-list dd { overflow-wrap: anywhere; }
  .proof-part { display: grid; gap: .625rem; justify-items: start; border-block: 1px solid var(--line); padding-block: .875rem; }
  .proof { display: flex; gap: .625rem; }
  .proof > svg { margin-block-start: .125rem; }
  .proof.proven > svg { color: var(--accent-ink); } .proof.unproven { color: var(--danger); font-weight: 600; }
  .proof .spinner { flex: none; inline-size: 1.25rem; block-size: 1.25rem; }
  .dialog-top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-block-start: -.5rem; margin-inline-end: -.5rem; }
  .stack { display: grid; gap: 1rem; }
  .label { padding-block-end: .25rem; }
  .choice { display: flex; align-items: flex-start; gap: .75rem; min-block-size: var(--tap); padding-block: .5rem; cursor: pointer; }
  .choice input { inline-size: 1.25rem; block-size: 1.25rem; margin: .125rem 0 0; accent-color: var(--accent); flex: none; }
  .hint { display: block; }

  .charts, .trust { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(27rem, 100%), 1fr)); gap: 1.25rem; max-inline-size: 76rem; margin-inline: auto; }
  .charts .wide, .trust .wide { grid-column: 1 / -1; }
  .chart, .card { display: grid; gap: .625rem; align-content: start; min-inline-size: 0; padding: 1.125rem 1.25rem; border: 1px solid var(--line); border-radius: var(--radius);
    background: var(--surface); }
  .chart h2, .card h2 { font-size: 1rem; }
  .plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .25rem .5rem; }
  .axis { display: flex; flex-direction: column; justify-content: space-between; align-items: flex-end; margin-block: -.5rem; font-variant-numeric: tabular-nums; }
  .columns { inline-size: 100%; block-size: auto; overflow: visible; stroke: none; }
  .labels { grid-column: 2; display: flex; block-size: 1.25rem; }
  .labels span { flex: 1 1 0; min-inline-size: 0; position: relative; }
  .labels i { position: absolute; inset-inline-start: 0; font-style: normal; white-space: nowrap; }
  .bar { fill: var(--accent-ink); } .hit { fill: transparent; } .night { fill: var(--sunken); }
  g:hover .bar { fill: var(--ink); }
  .bad { stroke: var(--danger); stroke-width: 1; }
  .hatch-ground { fill: var(--surface); } .hatch-line { fill: var(--danger); }
  .grid { stroke: var(--line); } .base { stroke: var(--line-strong); }
  .legend { display: flex; gap: .5rem; align-items: center; }
  .legend svg { inline-size: .75rem; block-size: .75rem; stroke: none; }
  .bars { table-layout: fixed; }
  .bars :is(th, td) { padding-block: .1875rem; }
  .bars tbody th { font-weight: 400; padding-inline-end: .75rem; inline-size: 42%; overflow-wrap: anywhere; }
  .bars div { display: flex; align-items: center; gap: .5rem; }
  .bar-line { flex: none; inline-size: calc(100% - 7.5rem); min-inline-size: 2rem; block-size: 14px; stroke: none; }
  .figure { font-variant-numeric: tabular-nums; font-weight: 600; }
  summary { cursor: pointer; inline-size: fit-content; min-block-size: 1.5rem; font-size: .875rem; text-decoration: underline; text-underline-offset: .2em;
    border-radius: .25rem; }
  .scroll { overflow-x: auto; max-block-size: 20rem; }
  .plain-table { font-size: .9375rem; }
  .plain-table :is(th, td) { padding: .4375rem .75rem .4375rem 0; padding-inline: 0 .75rem; border-block-end: 1px solid var(--line); vertical-align: top; }
  .plain-table thead th { color: var(--muted); font-size: .8125rem; }
  .plain-table tbody th { font-weight: 400; overflow-wrap: anywhere; }

  .card > .button { justify-self: start; }
  .running { display: grid; gap: .5rem; justify-items: start; }
  .running progress { inline-size: 100%; block-size: .75rem; }
  .good, .odd { display: grid; gap: .625rem; justify-items: start; padding: 1rem; border-radius: var(--radius-small); background: var(--accent-soft); }
  .good h3, .odd h3 { display: flex; gap: .5rem; align-items: center; font-size: 1.0625rem; font-weight: 650; }
  .good h3 svg { color: var(--accent-ink); }
  .odd { border: 2px solid var(--danger); background: none; }
  .odd h3 { color: var(--danger); }
  .findings { display: grid; gap: .25rem; list-style: disc; padding-inline-start: 1.25rem; font-weight: 600; }
  .steps { display: grid; gap: .25rem; list-style: decimal; padding-inline-start: 1.5rem; }
  .checks { display: grid; gap: .5rem; }
  .checks li { display: flex; gap: .625rem; }
  .checks svg { margin-block-start: .125rem; }
  .checks .passed svg { color: var(--accent-ink); } .checks .failed, .checks .failed svg { color: var(--danger); }
  .checks .state { display: block; } .good .muted { color: inherit; }
  .link { min-block-size: var(--tap); padding: 0 .25rem; border: 0; background: none; color: var(--accent-ink); font-weight: 600; text-decoration: underline;
    text-underline-offset: .2em; cursor: pointer; }
  .quorum { display: flex; gap: .5rem; } .quorum svg { margin-block-start: .125rem; }
  .quorum.met svg, .state.fresh { color: var(--accent-ink); } .quorum.missed, .state.behind { color: var(--danger); }
  span.state { display: inline-flex; gap: .375rem; align-items: center; font-weight: 600; }
  .checks span.state { display: block; font-weight: 400; color: inherit; }

  @media (max-width: 760px) {
    .head { padding-inline: .25rem 1rem; }
    .head .button span { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .head .button { padding-inline: .75rem; }
    .tabs { padding-inline: .25rem; gap: 0; } .tab { flex: 1 1 auto; justify-content: center; padding-inline: .25rem; font-size: .9375rem; }
    .tab svg { display: none; }
    .filter-toggle { display: inline-flex; margin: .5rem .5rem 0; align-self: start; }
    .filter-bar:not(.open) { display: none; }
    .filter-bar.open { max-block-size: 50dvh; overflow-y: auto; }
    .filters { padding-inline: 1rem; } .filters .field, .filters .field.wide { flex: 1 1 9rem; max-inline-size: none; }
    .status { padding-inline: 1rem; }
    .page { padding: 1rem; }
    .log, .log tbody { display: block; min-inline-size: 0; }
    .log thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .log tbody tr:not(.space) { display: grid; grid-template-columns: minmax(0, 1fr) auto; grid-template-rows: 1.625rem 1.5rem 1.25rem; align-content: center; block-size: 97px;
      padding-inline: 1rem; border-block-end: 1px solid var(--line); }
    .log .space, .log .space td { display: block; }
    .log tr:not(.space) td, .log tr:not(.space) td:first-child { block-size: auto; padding: 0; border: 0; }
    .log .action { grid-area: 1 / 1; font-weight: 600; } .log .outcome { grid-area: 1 / 2; }
    .log .who { grid-area: 2 / 1; } .log .about { grid-area: 2 / 2; align-self: center; }
    .log .time { grid-area: 3 / 1; font-size: .875rem; color: var(--muted); overflow: visible; } .log .role { grid-area: 3 / 2; font-size: .875rem; color: var(--muted); }
    .log .number, .log .purpose { display: none; }
    .log tr { position: relative; }
    /* As large as its card; its words stand in the card's third line. */
    .row { position: absolute; inset: 0; display: flex; align-items: flex-start; padding: 63px 1rem 0; line-height: 1.25rem; }
    .log .outcome .muted { display: none; }
    .log .outcome, .log .about, .log .role { text-align: end; }
    .facts-list div { grid-template-columns: 1fr; gap: 0; }
    .witnesses { min-inline-size: 31rem; }
  }
  @media (max-height: 460px) {
    :host { display: block; } .panel, .rows, .page { overflow: visible; min-block-size: 0; }
    .rows { overflow-x: auto; max-block-size: 100dvh; overflow-y: auto; }
  }
  @media (forced-colors: active) {
    .bar, .hatch-line { fill: CanvasText; } .hatch-ground { fill: Canvas; } .tab[aria-selected="true"] { border-color: Highlight; }
    .chip, .log tr.unusual { border: 1px solid; }
  }
`
