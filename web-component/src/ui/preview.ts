/** Reads pictures' headers: fetched with the first picture that is shown. */
export { previewOf } from "@wardline/sdk"
