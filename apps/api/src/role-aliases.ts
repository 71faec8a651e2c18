import { DomainError } from "@headroom/domain/errors";
import { type Role, roles } from "@headroom/domain/permissions";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { z } from "zod";

/** `{ agent: "member" }`: the SaaS's own words for roles. */
export type RoleNames = Readonly<Record<string, Role>>;

/** How one procedure's values are read and written where roles have other names. */
export type RoleSpelling = {
  /** An input with roles in our words. */
  read(input: unknown): unknown;
  /** An answer with roles in the SaaS's words. */
  write(answer: unknown): unknown;
  /** A refusal, whose details may name a role. */
  writeFault(fault: DomainError): DomainError;
};

/** Procedure → its spelling. */
export type RoleAliases = ReadonlyMap<string, RoleSpelling>;

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Where in a value roles stand: read from its schema, so no list of fields can go stale. */
type Places = { isRole: boolean; fields: ReadonlyMap<string, Places>; items: Places | null };

/**
 * Every procedure's spelling under `roles.aliases`, or null where there are none: inside, and in what leaves by other
 * ways (events, webhooks, the audit log), a role has its own name.
 */
export function createRoleAliases(router: AnyTRPCRouter, aliases: RoleNames): RoleAliases | null {
  if (Object.keys(aliases).length === 0) return null;
  const procedures = Object.entries(router._def.procedures as Record<string, AnyTRPCProcedure>);
  return new Map(procedures.map(([name, procedure]) => [name, spellingOf(procedure, aliases)]));
}

function spellingOf(procedure: AnyTRPCProcedure, aliases: RoleNames): RoleSpelling {
  const { inputs, output } = procedure._def as unknown as { inputs: z.ZodType[]; output?: z.ZodType };
  const inputPlaces = placesOf(schemaOf(inputs[0], "input"));
  const outputPlaces = placesOf(schemaOf(output, "output"));
  const toOurs = (word: string) => (Object.hasOwn(aliases, word) ? (aliases[word] ?? word) : word);
  const toTheirs = (word: string) => aliasOf(aliases, word) ?? word;
  return {
    read: (input) => respell(inputPlaces, input, toOurs),
    write: (answer) => respell(outputPlaces, answer, toTheirs),
    writeFault(fault) {
      const { role } = fault.details;
      if (typeof role !== "string" || toTheirs(role) === role) return fault;
      return new DomainError(fault.code, fault.message, { ...fault.details, role: toTheirs(role) });
    },
  };
}

/** The word for a role; of several the first. */
function aliasOf(aliases: RoleNames, role: string): string | undefined {
  return Object.keys(aliases).find((alias) => aliases[alias] === role);
}

function schemaOf(schema: z.ZodType | undefined, io: "input" | "output"): JsonSchema {
  return schema === undefined ? {} : z.toJSONSchema(schema, { io, unrepresentable: "any" });
}

function placesOf(schema: JsonSchema): Places {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const own: Places = {
    isRole: isRoleEnum(schema.enum),
    fields: new Map(
      Object.entries(schema.properties ?? {}).map(([name, field]) => [name, placesOf(field as JsonSchema)]),
    ),
    items: schema.items === undefined ? null : placesOf(schema.items as JsonSchema),
  };
  return options.map((option) => placesOf(option as JsonSchema)).reduce(overlay, own);
}

function isRoleEnum(words: unknown): boolean {
  return Array.isArray(words) && words.length > 0 && words.every((word) => roles.includes(word as Role));
}

function overlay(one: Places, other: Places): Places {
  const fields = new Map(one.fields);
  for (const [name, field] of other.fields) {
    const known = fields.get(name);
    fields.set(name, known === undefined ? field : overlay(known, field));
  }
  const items =
    one.items !== null && other.items !== null ? overlay(one.items, other.items) : (one.items ?? other.items);
  return { isRole: one.isRole || other.isRole, fields, items };
}

function respell(places: Places, value: unknown, spell: (word: string) => string): unknown {
  if (typeof value === "string") return places.isRole ? spell(value) : value;
  if (Array.isArray(value)) {
    const { items } = places;
    return items === null ? value : value.map((item) => respell(items, item, spell));
  }
  if (typeof value !== "object" || value === null || places.fields.size === 0) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const field = places.fields.get(name);
      return [name, field === undefined ? item : respell(field, item, spell)];
    }),
  );
}

/** A schema for the published document: inputs take the aliases as well, answers hold them in the roles' stead. */
export function spellRoles<Value>(schema: Value, aliases: RoleNames, io: "input" | "output"): Value {
  if (Array.isArray(schema)) return schema.map((item) => spellRoles(item, aliases, io)) as Value;
  if (typeof schema !== "object" || schema === null) return schema;
  const spelled = Object.entries(schema).map(([key, item]) => [
    key,
    key === "enum" && isRoleEnum(item)
      ? spellEnum(item as Role[], aliases, io)
      : spellRoles(item, aliases, io),
  ]);
  return Object.fromEntries(spelled) as Value;
}

function spellEnum(words: readonly Role[], aliases: RoleNames, io: "input" | "output"): string[] {
  if (io === "output") return words.map((word) => aliasOf(aliases, word) ?? word);
  const others = Object.keys(aliases).filter((alias) => words.includes(aliases[alias] as Role));
  return [...words, ...others];
}
