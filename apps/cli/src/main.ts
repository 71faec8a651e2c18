#!/usr/bin/env node
import { environmentName } from "@headroom/platform/config";
import { armFailpoint } from "@headroom/platform/failpoints";
import { runProgram } from "./program.ts";
import { coloursOf } from "./terminal.ts";

// Who reads only the first lines (`| head`) closes the pipe; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

armFailpoint(
  process.env.HEADROOM_FAILPOINT,
  environmentName.catch("production").parse(process.env.HEADROOM_ENV),
);

process.exitCode = await runProgram(process.argv.slice(2), process.env, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isWatched: process.stderr.isTTY === true,
  colours: coloursOf({ out: process.stdout, err: process.stderr }, process.env),
});
