import { type CSSResult, css } from "lit"

export const threadStyles: CSSResult = css`
  :host { display: block; position: relative; min-block-size: 0; }
  .scroll { block-size: 100%; overflow-y: auto; overscroll-behavior: contain; padding: 1rem 1rem .5rem; scroll-padding: 1rem; }
  .scroll:focus-visible { outline-offset: -3px; }
  .rows { display: flex; flex-direction: column; gap: .875rem; min-block-size: 100%; justify-content: flex-end; }
  .middle { align-self: center; max-inline-size: 34rem; text-align: center; }
  .empty { margin-block: auto; display: grid; gap: .5rem; padding: 1rem; }
  .day { font-size: .8125rem; font-weight: 600; color: var(--muted); padding-block: .25rem; }
  .unread { align-self: stretch; display: flex; align-items: center; gap: .75rem; color: var(--accent-ink);
    font-size: .8125rem; font-weight: 650; }
  .unread::before, .unread::after { content: ""; flex: 1; border-block-start: 1px solid currentColor; opacity: .4; }
  .group { display: flex; flex-direction: column; align-items: flex-start; gap: .1875rem; max-inline-size: min(84%, 34rem); }
  .group.ours { align-self: flex-end; align-items: flex-end; }
  .who { display: flex; flex-wrap: wrap; gap: 0 .5rem; align-items: baseline; padding-inline: .25rem; margin-block-end: .125rem;
    font-size: .875rem; font-weight: 650; }
  .role, .at { font-size: .8125rem; font-weight: 400; color: var(--muted); }
  .item { display: flex; flex-direction: column; align-items: inherit; max-inline-size: 100%; }
  .bubble { max-inline-size: 100%; padding: .5625rem .875rem; border-radius: 1.125rem; background: var(--surface);
    border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
  wl-attachment:not(:last-child) { margin-block-end: .375rem; }
  .ours .bubble { background: var(--mine); border-color: transparent; }
  .group:not(.ours) .item:not(:last-child) .bubble { border-end-start-radius: .375rem; }
  .group:not(.ours) .item + .item .bubble { border-start-start-radius: .375rem; }
  .ours .item:not(:last-child) .bubble { border-end-end-radius: .375rem; }
  .ours .item + .item .bubble { border-start-end-radius: .375rem; }
  .sending .bubble { opacity: .72; }
  .failed .bubble { border-color: var(--danger); }
  .meta { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem; padding: .1875rem .25rem 0; color: var(--muted);
    font-size: .8125rem; }
  .meta svg { inline-size: 1rem; block-size: 1rem; }
  .failed .meta { color: var(--danger); font-weight: 600; }
  .meta button { min-block-size: var(--tap); padding-inline: .5rem; border: 0; background: none; font-weight: 650; cursor: pointer;
    text-decoration: underline; text-underline-offset: .2em; }
  .link { color: var(--accent-ink); cursor: pointer; unicode-bidi: isolate; border-radius: .125rem; text-decoration: underline; text-decoration-style: dotted; text-underline-offset: .2em; }
  .mark { display: inline-block; padding-inline: .25rem; border-radius: .25rem; background: var(--notice); color: var(--notice-ink);
    font: 600 .6875rem/1.3 ui-monospace, monospace; direction: ltr; unicode-bidi: isolate; }
  .note { align-self: center; max-inline-size: 30rem; text-align: center; font-size: .875rem; color: var(--muted);
    overflow-wrap: anywhere; }
  .note.warning { padding: .625rem .875rem; border: 1px solid var(--notice-line); border-radius: var(--radius-small);
    background: var(--notice); color: var(--notice-ink); }
  .note.locked, .note.glass { display: flex; gap: .5rem; align-items: center; }
  .note.locked { padding: .5rem .875rem; border: 1px dashed var(--line-strong); border-radius: var(--radius-small); }
  .note.glass { text-align: start; font-weight: 600; }
  .note svg { inline-size: 1.125rem; block-size: 1.125rem; }
  .reactions { display: flex; flex-wrap: wrap; gap: .25rem; margin-block-start: -.25rem; padding-inline: .5rem; }
  .reactions li { padding: .0625rem .5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); font-size: .9375rem; }
  .edited { max-inline-size: 100%; padding-inline: .25rem; color: var(--muted); font-size: .8125rem; }
  .edited summary { display: list-item; padding-block: .25rem; min-block-size: 1.5rem; inline-size: fit-content; cursor: pointer;
    text-decoration: underline; text-underline-offset: .2em; }
  .ours .edited summary { margin-inline-start: auto; }
  .before { padding: .375rem .625rem; border-inline-start: 3px solid var(--line-strong); white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
  .form { display: grid; gap: .625rem; white-space: normal; min-inline-size: min(17rem, 60vw); }
  .form ul { display: grid; gap: .125rem; list-style: disc; padding-inline-start: 1.25rem; }
  .form dl { display: grid; gap: .5rem; } .form dt { color: var(--muted); font-size: .875rem; } .form dd { white-space: pre-wrap; overflow-wrap: anywhere; }
  .ours .form .muted, .ours .form dt { color: inherit; }
  .jump { position: absolute; inset-block-end: .75rem; inset-inline: 0; margin-inline: auto; inline-size: fit-content;
    border-radius: 22px; box-shadow: 0 4px 16px var(--shadow); }
  .jump svg { inline-size: 1rem; block-size: 1rem; }
  .loading { display: grid; place-items: center; padding: 2rem; }
  @media (max-height: 460px) { .scroll { overflow: visible; block-size: auto; } }
  @media (forced-colors: active) { .bubble, .ours .bubble { border-color: CanvasText; } .mark { border: 1px solid; } }
`
