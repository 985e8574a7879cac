/** Attachments: files sealed before they leave the device, images cleaned before that (docs/protocol.md, Attachments). */
export * from "./images/clean.ts"
export * from "./images/preview.ts"
export * from "./layout.ts"
export * from "./media-types.ts"
export * from "./names.ts"
export * from "./open-file.ts"
export * from "./reference.ts"
export * from "./seal-file.ts"
