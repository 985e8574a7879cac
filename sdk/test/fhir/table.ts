/** The table of docs/fhir.md, made from what the mapping does. To bring it up to date:
 *
 *     node --conditions=source --import tsx sdk/test/fhir/table.ts */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { BALP, type Coding, toAuditEvent } from "../../src/fhir/index.ts"
import { MEANINGS } from "../../src/tlog/readable.ts"
import { ACTION_NAMES, contextOf, sampleEntry } from "./sample-entries.ts"

const DOC = fileURLToPath(new URL("../../../docs/fhir.md", import.meta.url))
const HEADER =
  "| Entry | What happened | Type | Subtype | Action | BALP profile |\n|---|---|---|---|---|---|\n"
const SHORT: Readonly<Record<string, string>> = {
  "http://dicom.nema.org/resources/ontology/DCM": "DCM",
  "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle": "lifecycle",
  "http://terminology.hl7.org/CodeSystem/audit-event-type": "audit-event-type",
  "http://hl7.org/fhir/restful-interaction": "restful-interaction",
  "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType": "AuthZsubType",
}

const nameOf = ({ system, code, display }: Coding): string =>
  SHORT[system] === "DCM" ? `${code} ${display}` : `${SHORT[system]} ${code}`

function row(action: (typeof ACTION_NAMES)[number]): string {
  const entry = sampleEntry(action)
  const event = toAuditEvent(entry, contextOf(entry))
  const subtypes = (event.subtype ?? []).map(nameOf).join(", ")
  const profile = event.meta?.profile[0]?.slice(BALP.length) ?? ""
  return `| ${action} | ${MEANINGS[action]} | ${nameOf(event.type)} | ${subtypes} | ${event.action} | ${profile} |\n`
}

/** As it stands in the docs, and as it should. */
export function fhirTable(): { found: string; expected: string } {
  const doc = readFileSync(DOC, "utf8")
  const start = doc.indexOf(HEADER)
  const end = doc.indexOf("\n\n", start)
  if (start < 0 || end < 0) throw new Error("docs/fhir.md has no table of entries")
  return { found: doc.slice(start, end + 1), expected: HEADER + ACTION_NAMES.map(row).join("") }
}

if (process.argv[1] === import.meta.filename) {
  const { found, expected } = fhirTable()
  writeFileSync(
    DOC,
    readFileSync(DOC, "utf8").replace(found, () => expected),
  )
}
