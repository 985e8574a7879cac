/** The sheets of a key ceremony: one page of paper per holder and a record without secrets, as one HTML file that needs
 * nothing else, no network and no script. It fits A4 and Letter. */

export interface Ceremony {
  readonly clinicName: string
  /** Hexadecimal. */
  readonly clinicId: string
  /** What a combined key is checked against: its public key in hexadecimal, or the hash of a long one. */
  readonly publicKey: string
  readonly publicKeyLabel: string
  /** For people: "Root key", "Key of the role vault, generation 2". */
  readonly keyName: string
  /** What the key is good for, in a sentence. */
  readonly purpose: string
  /** What to do with the sheet when there are new ones, in a sentence. */
  readonly afterwards: string
  /** The command that puts it together. */
  readonly command: string
  readonly needed: number
  /** Hexadecimal; tells the sheets of one split from another's. */
  readonly split: string
  /** YYYY-MM-DD. */
  readonly date: string
}

export interface Sheet {
  /** From 1. */
  readonly number: number
  /** Who gets it, if that is known. */
  readonly holder: string | undefined
  /** Secret: the share's lines of words. */
  readonly lines: readonly string[]
}

/** The whole page. Whoever has this file has the key. */
export function ceremonyPage(ceremony: Ceremony, sheets: readonly Sheet[]): string {
  const pages = [
    ...sheets.map((sheet) => sheetPage(ceremony, sheet, sheets.length)),
    recordPage(ceremony, sheets),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Key ceremony: ${text(ceremony.clinicName)}</title>
<style>${STYLE}</style>
</head>
<body>
<p class="screen"><strong>Print this page, then delete this file.</strong> It holds every share, so whoever has it has the
key. Use a printer that is connected by cable and keeps no copies. One sheet goes to each holder; the last page holds no
secret.</p>
${pages.join("\n")}
</body>
</html>
`
}

function sheetPage(of: Ceremony, { number, holder, lines }: Sheet, total: number): string {
  const rows = lines.map((line, i) => {
    const words = line.split(" ").map((word) => `<td>${text(word)}</td>`)
    return `<tr><th scope="row">${i + 1}</th>${words.join("")}</tr>`
  })
  return `<section>
<header>
<div><p class="secret">Key share. Keep secret.</p><h1 dir="auto">${text(of.clinicName)}</h1><p>${text(of.keyName)}</p></div>
<p class="number"><span>Share</span><strong>${number}</strong><span>of ${total}</span></p>
</header>
<p class="lead">This sheet is one of ${total} parts of a key. Any ${of.needed} of them together are the key; fewer are
nothing at all. ${text(of.purpose)}</p>
<table class="words"><tbody>
${rows.join("\n")}
</tbody></table>
<div><h2>If you hold this sheet</h2>
<ol>
<li>Check now that every word can be read. The first four letters of a word tell it from all others. The fifth word of
a line only checks the other four.</li>
<li>Seal it in an envelope, sign across the flap, and lock it away where only you can reach it, apart from the other
sheets. Tell the clinic if the envelope is ever open, or gone.</li>
<li>Never photograph, scan, mail or copy it, and never type it in anywhere but as in 4.</li>
<li>When the key is needed, ${of.needed} holders meet. Each types their own eight lines, unseen by the others, after:
<code>${text(of.command)}</code></li>
<li>Using the key leaves a record that everybody at the clinic can see. ${text(of.afterwards)}</li>
</ol></div>
${facts(of)}
<p class="oath">I have read every word on this sheet. I keep it as it says, and nobody else has seen the words.</p>
<div class="sign"><p><span dir="auto">${text(holder ?? "")}</span>Name of the holder</p><p>Date</p><p>Signature</p></div>
</section>`
}

function recordPage(of: Ceremony, sheets: readonly Sheet[]): string {
  const rows = sheets.map(
    ({ number, holder }) =>
      `<tr><th scope="row">${number}</th><td dir="auto">${text(holder ?? "")}</td><td></td><td></td><td></td></tr>`,
  )
  return `<section>
<header>
<div><p class="secret">Record of the ceremony. Holds no secret.</p><h1 dir="auto">${text(of.clinicName)}</h1><p>${text(of.keyName)}</p></div>
<p class="number"><span>Needed</span><strong>${of.needed}</strong><span>of ${sheets.length}</span></p>
</header>
<p class="lead">For the clinic's files: who holds which part of the key. ${text(of.purpose)}</p>
<table class="holders">
<thead><tr><th>Share</th><th>Holder</th><th>Where it is kept</th><th>Received on</th><th>Signature</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>
<div><h2>What was done</h2>
<ul class="checks">
<li>Each holder read their sheet and took it, and no other.</li>
<li>The file that this was printed from is deleted, and so is the key itself.</li>
<li>The printer keeps no copy.</li>
</ul></div>
${facts(of)}
<div class="sign"><p>Led by</p><p>Date</p><p>Signature</p></div>
<div class="sign"><p>Witness</p><p>Date</p><p>Signature</p></div>
</section>`
}

function facts(of: Ceremony): string {
  return `<dl class="facts">
<div><dt>Made on</dt><dd>${text(of.date)}</dd></div>
<div><dt>Split</dt><dd>${groups(of.split)}</dd></div>
<div><dt>Clinic id</dt><dd>${groups(of.clinicId)}</dd></div>
<div><dt>${text(of.publicKeyLabel)}</dt><dd>${groups(of.publicKey)}</dd></div>
</dl>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

/** Text that can't become markup. */
function text(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
}

/** Hexadecimal in groups of eight, which a line may break between. */
function groups(hex: string): string {
  return text(hex.replaceAll(/(.{8})(?=.)/g, "$1 "))
}

const STYLE = `
@page { margin: 14mm 16mm }
* { box-sizing: border-box }
body { margin: 0; font: 10.5pt/1.4 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: #000; background: #e8eaed }
p, h1, h2, ol, ul, dl, dd { margin: 0 }
.screen { max-width: 178mm; margin: 8mm auto 0; padding: 4mm 5mm; background: #fff3cd; border: 1px solid #b58900; border-radius: 2mm }
section { width: 178mm; min-height: 250mm; margin: 8mm auto; padding: 12mm; background: #fff; display: flex; flex-direction: column; gap: 4mm }
header { display: flex; justify-content: space-between; gap: 8mm; padding-bottom: 4mm; border-bottom: 1.2pt solid #000 }
h1 { text-align: left; font-size: 19pt; line-height: 1.2; overflow-wrap: anywhere }
h2 { font-size: 11pt }
.secret { font-weight: 700; letter-spacing: .02em }
.number { flex: none; align-self: flex-start; display: flex; flex-direction: column; align-items: center; justify-content: center; min-width: 24mm; border: 1.2pt solid #000; border-radius: 2mm; padding: 1mm 3mm; line-height: 1.15 }
.number strong { font-size: 25pt }
.words { width: 100%; border-collapse: collapse; font: 600 13.5pt/1 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.words td, .words th { padding: 2.2mm 2mm; border-bottom: .5pt solid #767676; text-align: left }
.words tr:first-child > * { border-top: .5pt solid #767676 }
.words th { width: 9mm; font-weight: 400; color: #444 }
.words td:last-child { border-left: .5pt solid #767676; padding-left: 4mm }
ol, ul { padding-left: 6mm; margin-top: 1mm }
tr, li, .sign, .facts { break-inside: avoid }
li + li { margin-top: .8mm }
code { display: block; margin-top: .8mm; font: 600 10pt/1.3 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.facts { display: grid; gap: .6mm; font-size: 8.5pt }
.facts div { display: flex; gap: 3mm }
.facts dt { flex: none; width: 20mm; color: #444 }
.facts dd { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.oath { margin-top: auto }
.sign { display: grid; grid-template-columns: 5fr 2.5fr 5fr; gap: 6mm; font-size: 8.5pt; color: #444 }
.sign p { border-bottom: 0; border-top: .7pt solid #000; padding-top: 1mm; margin-top: 10mm; position: relative }
.sign span { position: absolute; bottom: 100%; left: 0; font-size: 12pt; color: #000; padding-bottom: 1mm }
.holders { width: 100%; border-collapse: collapse }
.holders th, .holders td { border: .5pt solid #767676; padding: 1.5mm 2mm; text-align: left; height: 11mm }
.holders thead th { height: auto; font-size: 8.5pt; font-weight: 600 }
.holders tbody th { width: 12mm; text-align: center }
.holders td:nth-child(2) { width: 40mm }
.holders td:nth-child(4) { width: 25mm }
.checks { list-style: "\\2610  " }
@media print {
  body { background: none }
  .screen { display: none }
  section { width: auto; min-height: 244mm; margin: 0; padding: 0; break-after: page }
  section:last-child { break-after: auto }
}
`
