import type { Command } from "commander";
import { stackFileOf } from "../environment.ts";
import { readDevelopmentStack } from "../seed/development-stack.ts";
import { isSeeded, playStory } from "../seed/story.ts";
import type { Shell } from "../shell.ts";
import { printResult, withProgress } from "../terminal.ts";

export function addSeed(program: Command, { environment, terminal }: Shell): void {
  program
    .command("seed")
    .description(
      "play the demo on a development stack that has just begun: three organizations, 14 people, 90 days of usage",
    )
    .option("--json", "print {seeded, organizations, people, days, demoKey}")
    .action(async ({ json = false }: { json?: boolean }) => {
      const stack = readDevelopmentStack(stackFileOf(environment));
      if (await isSeeded(stack)) {
        return printResult(terminal, json, { seeded: false }, ["seeded already"]);
      }
      const demo = await withProgress(terminal, "playing 90 days", (report) => playStory(stack, report));
      printResult(terminal, json, { seeded: true, ...demo }, [
        `${demo.organizations.map(({ slug }) => slug).join(", ")}: ${demo.people} people, ${demo.days} days of usage`,
        `Acme's API key, shown once: ${demo.demoKey}`,
      ]);
    });
}
