import { type CSSResult, css } from "lit"

export const frameStyles: CSSResult = css`
  :host { display: flex; flex-direction: column; block-size: 100dvh; }
  header { display: flex; align-items: center; gap: .25rem; padding-block: .5rem; padding-inline: 1rem .5rem;
    background: var(--bg); }
  header .icon:first-child { margin-inline-start: -.75rem; }
  .title { flex: 1; min-inline-size: 0; }
  .clinic { font-weight: 650; line-height: 1.25; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .lock { display: inline-flex; align-items: center; gap: .3125rem; min-block-size: 1.5rem; padding: 0; border: 0; background: none;
    color: var(--muted); font-size: .8125rem; cursor: pointer; border-radius: .25rem; text-align: start; }
  .lock:hover { color: var(--ink); text-decoration: underline; text-underline-offset: .2em; }
  .lock svg { inline-size: .9375rem; block-size: .9375rem; }
  .safety { display: flex; align-items: center; gap: .75rem; padding: .375rem .5rem; padding-inline-start: 1rem;
    background: var(--notice); color: var(--notice-ink); border-block: 1px solid var(--notice-line); font-size: .8125rem;
    line-height: 1.4; }
  .safety p { flex: 1; min-inline-size: 0; overflow-wrap: anywhere; }
  .exit { flex: none; display: inline-flex; align-items: center; gap: .375rem; min-block-size: var(--tap); padding-inline: .75rem;
    border: 1px solid currentColor; border-radius: var(--radius-small); background: none; font-weight: 650; cursor: pointer; }
  .exit:hover { background: var(--notice-line); }
  .screen { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
  .page { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1.5rem 1.25rem; }
  .page:focus-visible { outline-offset: -3px; }
  .stack { display: grid; gap: 1rem; align-content: start; }
  .page > .stack { max-inline-size: 34rem; margin-inline: auto; gap: 1.25rem; }
  .center { flex: 1; min-block-size: 0; overflow-y: auto; display: grid; place-items: center; padding: 2rem 1.5rem; text-align: center; }
  .center .stack { justify-items: center; max-inline-size: 22rem; }
  .sign { color: var(--danger); font-size: 1.5rem; line-height: 1; }
  footer { display: grid; gap: .625rem; padding: .875rem 1.25rem calc(.875rem + env(safe-area-inset-bottom));
    border-block-start: 1px solid var(--line); background: var(--bg); }
  footer > * { inline-size: 100%; max-inline-size: 34rem; margin-inline: auto; }
  footer > p, footer [role="alert"] { text-align: center; }
  .top { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; }
  .language { display: inline-flex; align-items: center; gap: .5rem; }
  .language .select { inline-size: auto; max-inline-size: 12rem; padding-block: .25rem; }
  .language svg { color: var(--muted); }
  .consent { display: grid; gap: .875rem; white-space: pre-line; overflow-wrap: anywhere; line-height: 1.6; }
  .notice { padding: .625rem .875rem; border: 1px solid var(--notice-line); border-radius: var(--radius-small);
    background: var(--notice); color: var(--notice-ink); }
  .open { display: grid; gap: .125rem; color: var(--muted); margin-block-start: -.5rem; }
  .hours summary { min-block-size: 1.5rem; cursor: pointer; font-size: .875rem; text-decoration: underline; text-underline-offset: .2em;
    inline-size: fit-content; }
  .hours dl { display: grid; gap: .25rem; margin-block-start: .5rem; font-size: .875rem; }
  .hours dl div { display: flex; justify-content: space-between; gap: 1rem; max-inline-size: 20rem; }
  .hours dt::first-letter { text-transform: uppercase; }
  fieldset { display: grid; gap: .625rem; }
  .topic { display: flex; align-items: center; gap: .875rem; min-block-size: 3.75rem; padding: .625rem 1rem; border: 1px solid var(--line);
    border-radius: var(--radius); background: var(--surface); cursor: pointer; }
  .topic:hover { border-color: var(--line-strong); }
  .topic:focus-within { outline: 3px solid var(--accent-ink); outline-offset: 2px; }
  .topic input { flex: none; inline-size: 1.25rem; block-size: 1.25rem; margin: 0; accent-color: var(--accent); outline: none; }
  .topic:has(:checked) { border-color: var(--accent-ink); background: var(--accent-soft); box-shadow: inset 0 0 0 1px var(--accent-ink); }
  .words { flex: 1; min-inline-size: 0; display: grid; }
  .name { font-weight: 600; overflow-wrap: anywhere; }
  .talk { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
  wl-thread { flex: 1; }
  .composer { border-block-start: 1px solid var(--line); padding-block-end: env(safe-area-inset-bottom); }
  .banner { display: flex; gap: .5rem; align-items: center; padding: .5rem 1rem; background: var(--sunken); font-size: .875rem;
    line-height: 1.4; border-block-end: 1px solid var(--line); }
  .list { display: grid; gap: .625rem; }
  .entry { display: flex; align-items: center; gap: .875rem; inline-size: 100%; min-block-size: 3.25rem; padding: .625rem 1rem;
    border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); text-align: start; cursor: pointer; }
  .entry:hover { border-color: var(--line-strong); }
  .entry.danger { color: var(--danger); }
  .last { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .side { display: grid; gap: .25rem; justify-items: end; }
  .count { min-inline-size: 1.5rem; padding-inline: .4375rem; border-radius: .75rem; background: var(--accent); color: var(--on-accent);
    font-weight: 700; line-height: 1.5rem; text-align: center; }
  .menu { display: grid; gap: .25rem; margin-inline: -.75rem; }
  .menu .entry { border-color: transparent; padding-inline: .75rem; min-block-size: 3rem; }
  .menu li.apart { border-block-start: 1px solid var(--line); padding-block-start: .25rem; }
  .menu .entry:hover { background: var(--sunken); }
  .dialog-top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-block-start: -.5rem;
    margin-inline: 0 -.5rem; }
  .host { font-weight: 650; font-size: 1.125rem; overflow-wrap: anywhere; }
  .address { overflow-wrap: anywhere; max-block-size: 7rem; overflow: auto; }
  dialog p { overflow-wrap: anywhere; }
  @media print { header, .safety { display: none !important; } :host { block-size: auto; } }
  @media (max-height: 460px) {
    :host { block-size: auto; min-block-size: 100dvh; }
    .page, .center { overflow: visible; }
    .safety { position: sticky; inset-block-start: 0; z-index: 2; }
  }
  @media (forced-colors: active) { .topic:has(:checked) { outline: 3px solid Highlight; } .count { border: 1px solid; } }
`
