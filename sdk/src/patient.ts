/** What a patient's page begins with, and nothing else: bundlers split the whole index less well. */
export { PatientClient } from "./client/patient-client.ts"
export { openIndexedDbKeystore } from "./keystore/indexed-db.ts"
export { memoryKeystore } from "./keystore/memory.ts"
