import { test } from "uvu"
import * as assert from "uvu/assert"
import { fhirTable } from "./table.ts"

test("docs/fhir.md says of every entry what becomes of it (sdk/test/fhir/table.ts brings it up to date)", () => {
  const { found, expected } = fhirTable()
  assert.fixture(found, expected)
})

test.run()
