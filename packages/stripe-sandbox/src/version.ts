/** The API version that stripe 23.1.0 pins; a test compares it with the package. */
export const apiVersion = "2026-10-28.endive";
