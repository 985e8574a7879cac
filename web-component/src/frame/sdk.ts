/** What the chat takes from the SDK, as one file that the first screen doesn't wait for. */
export { memoryKeystore, openIndexedDbKeystore, PatientClient } from "@wardline/sdk/patient"
