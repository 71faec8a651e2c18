import { pricing } from "./pricing-messages-en.ts";

/** English. Parameters arrive formatted for the reader, beside the number where its grammar depends on it. */
export const en = {
  unlimited: "Unlimited",
  pricing,
};
