/** Loaded before every child of the supervisor and of `npm test` (`node --import`). */
import { flushCompileCache } from "node:module";
import process from "node:process";

const patienceMs = 5_000;
const loadedMs = 2_000;

// A child whose parent is gone, however that happened, ends too. One that hears it itself has these seconds
// to end in order.
process.once("disconnect", () => setTimeout(() => process.exit(1), patienceMs).unref());
// Listening alone must not keep a child alive that has nothing left to do.
process.channel?.unref();

// Compiled code (NODE_COMPILE_CACHE) is kept at a normal end only, and the restarts that have to be quick
// follow the other kind.
setTimeout(flushCompileCache, loadedMs).unref();
