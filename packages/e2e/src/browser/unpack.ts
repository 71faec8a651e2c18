/** Unpacks archives of a package beside each other: `node unpack.ts archive…` with TMPDIR as the target. */
import process from "node:process";
import { inflate } from "@sparticuz/chromium";

await Promise.all(process.argv.slice(2).map((archive) => inflate(archive)));
