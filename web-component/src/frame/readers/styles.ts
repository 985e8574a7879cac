import { type CSSResult, css } from "lit"

export const readerStyles: CSSResult = css`
  :host { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1.5rem 1.25rem 2.5rem; display: block; }
  .stack { display: grid; gap: 1.25rem; align-content: start; max-inline-size: 34rem; margin-inline: auto; }
  .stack > :first-child { display: grid; gap: .25rem; }
  .assurance { display: flex; gap: .75rem; padding: .875rem 1rem; border-radius: var(--radius); background: var(--accent-soft); }
  .assurance > svg { margin-block-start: .0625rem; color: var(--accent-ink); }
  .assurance > div { display: grid; gap: .25rem; min-inline-size: 0; }
  .assurance h2 { font-size: 1rem; }
  .assurance.partly { background: var(--sunken); }
  .assurance.partly > svg { color: var(--muted); }
  summary { cursor: pointer; inline-size: fit-content; min-block-size: 1.5rem; font-size: .875rem; text-decoration: underline;
    text-underline-offset: .2em; border-radius: .25rem; }
  details[open] > summary { margin-block-end: .5rem; }
  .assurance details p { font-size: .875rem; line-height: 1.5; }
  .assurance details p + p { margin-block-start: .5rem; }
  .count { font-weight: 600; }
  .day { display: grid; gap: .5rem; }
  .day h2 { font-size: .875rem; font-weight: 600; color: var(--muted); }
  .day h2::first-letter { text-transform: uppercase; }
  .readings { border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); overflow: hidden; }
  .readings li { display: grid; gap: .125rem; padding: .75rem 1rem; }
  .readings li + li { border-block-start: 1px solid var(--line); }
  .readings li.stands-out { background: var(--notice); color: var(--notice-ink); }
  .stands-out .muted { color: inherit; }
  .top { display: flex; align-items: baseline; justify-content: space-between; gap: .75rem; }
  .name { font-weight: 600; overflow-wrap: anywhere; min-inline-size: 0; }
  .standing { flex: none; display: inline-flex; align-items: center; gap: .25rem; }
  .standing svg { inline-size: 1rem; block-size: 1rem; }
  .standing.checked { color: var(--accent-ink); }
  .standing.unproven { color: var(--danger); }
  .stands-out .standing { color: inherit; }
  .facts { display: flex; flex-wrap: wrap; gap: 0 .5rem; }
  .facts:empty { display: none; }
  .lines > span { display: block; }
  .facts > span:not(:last-child)::after { content: "·"; margin-inline-start: .5rem; }
  .open { font-weight: 600; color: var(--accent-ink); }
  .glass { display: flex; gap: .375rem; align-items: baseline; font-size: .875rem; font-weight: 600; }
  .glass svg { align-self: center; inline-size: 1rem; block-size: 1rem; }
  .odd { display: grid; gap: .625rem; padding: 1rem; border: 2px solid var(--danger); border-radius: var(--radius); background: var(--surface); }
  .odd h2 { display: flex; gap: .5rem; align-items: center; color: var(--danger); }
  .odd h3 { font-size: 1rem; font-weight: 650; }
  .odd .button { justify-self: start; }
  .findings { display: grid; gap: .375rem; list-style: disc; padding-inline-start: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
  .steps { display: grid; gap: .25rem; list-style: decimal; padding-inline-start: 1.5rem; }
  .empty { display: grid; justify-items: center; gap: .25rem; padding: 2rem 1rem; text-align: center; }
  .empty svg { inline-size: 1.75rem; block-size: 1.75rem; color: var(--muted); }
  .aside { border-block-start: 1px solid var(--line); padding-block-start: .75rem; }
  .aside summary { display: flex; align-items: center; gap: .375rem; min-block-size: var(--tap); margin: 0; inline-size: 100%; font-size: 1rem;
    text-decoration: none; }
  .aside summary::before { content: ""; inline-size: .4375rem; block-size: .4375rem; margin-inline: .125rem .25rem; border: solid currentColor;
    border-width: 0 2px 2px 0; transform: rotate(-45deg); transition: transform .12s; }
  :host(:dir(rtl)) .aside summary::before { transform: rotate(135deg); }
  .aside[open] summary::before, :host(:dir(rtl)) .aside[open] summary::before { transform: rotate(45deg); }
  .plain { display: grid; gap: .5rem; padding-block-end: .5rem; }
  .plain li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; overflow-wrap: anywhere; }
  .notice { display: flex; flex-wrap: wrap; gap: .625rem; align-items: center; padding: .625rem .875rem; border: 1px solid var(--notice-line);
    border-radius: var(--radius-small); background: var(--notice); color: var(--notice-ink); }
  .notice p { flex: 1 1 12rem; }
  .notice .button { color: var(--ink); }
  .wait { display: grid; place-items: center; gap: .75rem; padding: 3rem 1rem; text-align: center; }
  .sign { color: var(--danger); font-size: 1.5rem; line-height: 1; }
  progress { inline-size: min(16rem, 100%); accent-color: var(--accent); }
  .again { justify-self: start; }
  @media (max-height: 460px) { :host { overflow: visible; } }
  @media (forced-colors: active) { .assurance, .readings li.stands-out { border: 1px solid; } }
`
