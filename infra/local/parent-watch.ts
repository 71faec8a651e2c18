/**
 * Loaded before every child of the supervisor (`node --import`): a child whose supervisor is gone, however
 * that happened, ends too. Children that hear it themselves have these seconds to end in order.
 */
import process from "node:process";

const patienceMs = 5_000;

process.once("disconnect", () => setTimeout(() => process.exit(1), patienceMs).unref());
// Listening alone must not keep a child alive that has nothing left to do.
process.channel?.unref();
