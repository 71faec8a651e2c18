// The build replaces this file's declaration by a copy of the domain's.
export type { ErrorDetails } from "@headroom/domain/error-details";
