export { createFormats, type Formats } from "./formats.ts";
export { type Messages, messages } from "./messages.ts";
export { HeadroomProvider, type HeadroomProviderProps, useFormats } from "./provider.tsx";
