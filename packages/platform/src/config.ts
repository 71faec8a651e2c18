import { readFileSync } from "node:fs";
import { z } from "zod";

const secrets = z.registry<{ secret: true }>();

/** Marks a variable as secret: it may come from a file (`NAME_FILE`), and its value is never printed. */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  secrets.add(schema, { secret: true });
  return schema;
}

/** A comma separated list; blanks are dropped. */
export const commaSeparated = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** A TCP port; 0 lets the system choose a free one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** `production` unless said otherwise: only the other two allow development conveniences. */
export const environmentName = z.enum(["production", "development", "test"]).default("production");
export type EnvironmentName = z.output<typeof environmentName>;

export const logLevel = z
  .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
  .default("info");

/** A PostgreSQL connection string. It carries a password, so it is secret. */
export const databaseUrl = secret(
  z.url({ protocol: /^postgres(ql)?$/, error: "is not a postgres:// address" }),
);

/** What every process reads. */
export const processVariables = {
  HEADROOM_ENV: environmentName,
  LOG_LEVEL: logLevel,
  HOST: z.string().default("0.0.0.0"),
  PORT: port,
  METRICS_PORT: port.optional(),
  SHUTDOWN_DELAY_MS: z.coerce.number().int().min(0).max(60_000).default(0),
};

/** The environment cannot be used. `faults` has one line per variable; no line holds the value of a secret. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables that `schema` names; an empty variable counts as unset, and a secret may be given as the
 * path of a file in `NAME_FILE` (one trailing line break is dropped).
 * @throws ConfigurationError naming every fault at once.
 */
export function readConfiguration<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): z.output<z.ZodObject<Shape>> {
  const faults: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const found = readVariable(name, isSecret(field), environment);
    if (found.fault !== undefined) faults.push(found.fault);
    if (found.value !== undefined) values[name] = found.value;
  }
  const unreadable = new Set(faults.map((fault) => fault.split(" ", 1)[0]?.replace(/_FILE$/, "")));
  const parsed = schema.safeParse(values);
  if (parsed.success && faults.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "");
    if (!unreadable.has(name)) faults.push(describe(name, issue.message, schema, values));
  }
  throw new ConfigurationError(faults);
}

function readVariable(name: string, isSecretField: boolean, environment: Environment) {
  const value = environment[name] || undefined;
  const file = isSecretField ? environment[`${name}_FILE`] || undefined : undefined;
  if (file === undefined) return { value };
  if (value !== undefined) return { fault: `${name} and ${name}_FILE are both set; keep one` };
  try {
    return { value: readFileSync(file, "utf8").replace(/\r?\n$/, "") };
  } catch (error) {
    return {
      fault: `${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}): ${file}`,
    };
  }
}

function describe(
  name: string,
  message: string,
  schema: z.ZodObject,
  values: Record<string, string>,
): string {
  const value = values[name];
  if (name === "") return message;
  if (value === undefined) return `${name} is not set`;
  const shown = isSecret(schema.shape[name]) ? "[secret]" : JSON.stringify(value);
  return `${name} = ${shown}: ${message}`;
}

/** True when the schema, or one that it wraps (optional, default, transform), was marked by `secret`. */
function isSecret(schema: z.core.$ZodType | undefined): boolean {
  if (schema === undefined) return false;
  if (secrets.has(schema as z.ZodType)) return true;
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  return isSecret(innerType ?? input);
}
