/** The shell's stylesheet; everything readable is styled inside the frame. */
export const shellStyles = `
:host {
  --_accent: var(--wardline-accent, #17624f);
  --_on-accent: var(--wardline-on-accent, #fff);
  --_offset: var(--wardline-offset, 24px);
  --_radius: var(--wardline-radius, 18px);
  --_z: var(--wardline-z-index, 2147483000);
  font: 500 16px/1.25 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
:host([hidden]) { display: none }
* { box-sizing: border-box }
button { font: inherit; cursor: pointer; border: 0; -webkit-tap-highlight-color: transparent }
button:focus-visible { outline: 3px solid var(--_accent); outline-offset: 3px }
.launcher {
  position: fixed; z-index: var(--_z); inset-block-end: var(--_offset); inset-inline-end: var(--_offset);
  display: inline-flex; align-items: center; gap: 10px; min-height: 56px; padding-inline: 18px 22px;
  border-radius: 28px; background: var(--_accent); color: var(--_on-accent);
  border: 1px solid transparent; box-shadow: 0 1px 2px rgb(0 0 0 / .16), 0 8px 24px rgb(0 0 0 / .18);
}
.launcher svg { width: 24px; height: 24px; flex: none }
.launcher[aria-expanded="true"] { visibility: hidden }
.badge {
  position: absolute; inset-block-start: -6px; inset-inline-end: -6px; min-width: 24px; height: 24px;
  padding: 0 7px; border-radius: 12px; border: 2px solid #fff; background: #b3261e; color: #fff;
  font-size: 13px; font-weight: 700; line-height: 20px; text-align: center;
}
.badge[hidden] { display: none }
.panel {
  position: fixed; z-index: var(--_z); inset: auto; inset-block-end: var(--_offset); inset-inline-end: var(--_offset);
  width: min(408px, calc(100vw - 2 * var(--_offset))); height: min(720px, calc(100dvh - 2 * var(--_offset)));
  margin: 0; padding: 0; max-width: none; max-height: none; overflow: hidden; color: #1c2422; background: #fbfaf8;
  border: 1px solid rgb(0 0 0 / .1); border-radius: var(--_radius);
  box-shadow: 0 2px 6px rgb(0 0 0 / .08), 0 18px 56px rgb(0 0 0 / .22);
}
.panel::backdrop { background: none }
.panel[open] { animation: enter .18s ease-out }
@keyframes enter { from { opacity: 0; transform: translateY(12px) } }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: transparent }
iframe[hidden] { display: none }
.status {
  height: 100%; padding: 24px; display: flex; flex-direction: column; align-items: center;
  justify-content: center; gap: 20px; text-align: center; font-weight: 400; line-height: 1.5;
}
.status[hidden] { display: none }
.status p { margin: 0; max-width: 30ch }
.row { display: flex; flex-wrap: wrap; gap: 12px; justify-content: center }
.row button { min-height: 44px; padding: 0 20px; border-radius: 12px; font-weight: 600;
  border: 1px solid #838b88; background: none; color: inherit }
.row .retry { background: var(--_accent); color: var(--_on-accent); border-color: transparent }
.row [hidden] { display: none }
.panel.dark { color: #ecefed; background: #141817; border-color: rgb(255 255 255 / .14) }
@media (max-width: 640px), (max-height: 520px) {
  .panel { inset: 0; width: 100%; height: var(--_height, 100dvh); border: 0; border-radius: 0 }
}
@media (prefers-reduced-motion: reduce) { .panel[open] { animation: none } }
@media (forced-colors: active) { .launcher, .panel { border: 2px solid ButtonText } }
@media print { :host { display: none } }
`
