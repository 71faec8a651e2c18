import type { Command, Option } from "commander";
import { commandsBelow, examplesOf, pathOf } from "../examples.ts";

/** The reference of every command, as `docs/cli.md` has it below its first words. */
export function renderReference(program: Command): string {
  return program.commands
    .filter((one) => one.name() !== "help")
    .flatMap((one) => [one, ...commandsBelow(one)])
    .map(renderCommand)
    .join("\n");
}

function renderCommand(command: Command): string {
  const path = pathOf(command);
  const isGroup = command.commands.length > 0;
  return [
    `${path.includes(" ") ? "###" : "##"} ${path}`,
    "",
    sentence(command.description()),
    "",
    ...(isGroup ? [] : renderUse(command)),
  ].join("\n");
}

function renderUse(command: Command): string[] {
  const rows = [
    ...command.registeredArguments.map((one) => [
      one.required ? `<${one.name()}>` : `[${one.name()}]`,
      one.description,
    ]),
    ...command.options.map((option) => [option.flags, describe(option)]),
  ];
  return [
    ...(rows.length === 0
      ? []
      : ["| | |", "|---|---|", ...rows.map(([term, text]) => `| \`${term}\` | ${cell(text ?? "")} |`), ""]),
    "```sh",
    ...examplesOf(command),
    "```",
    "",
  ];
}

function describe({ description, mandatory, argChoices, defaultValue }: Option): string {
  const isTold = defaultValue !== undefined && !(Array.isArray(defaultValue) && defaultValue.length === 0);
  const more = [
    ...(mandatory ? ["required"] : []),
    ...(argChoices === undefined ? [] : [argChoices.join(" or ")]),
    ...(isTold ? [`default ${defaultValue}`] : []),
  ];
  return more.length === 0 ? description : `${description} (${more.join("; ")})`;
}

/** What would be HTML or end a cell is written so that it does not. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\{(?:[^{}]|\{[^{}]*\})*\}/g, "`$&`");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
