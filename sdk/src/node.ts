/** What needs Node: keystores in files. */
export { openFileKeystore } from "./keystore/file.ts"
