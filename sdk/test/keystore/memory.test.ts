import { suite } from "uvu"
import { memoryKeystore } from "../../src/keystore/memory.ts"
import { keystoreConformance } from "./conformance.ts"

const test = suite("memory keystore")
keystoreConformance(async () => memoryKeystore(), test, false)
test.run()
