import type { Database } from "./database.ts";
import type { DeliveryProgram, DeliveryRules } from "./delivery-program.ts";
import type { Store } from "./store.ts";

/** The program in force and how far it has come, in the file: both survive a restart. */
export interface Programs {
  current(): DeliveryProgram | null;
  /** How many deliveries it has planned. */
  position(): number;
  /** Counts one more, in the caller's transaction. */
  next(): number;
  /** Puts rules in force, from position 0 on. */
  begin(rules: DeliveryRules): DeliveryProgram;
  end(): void;
}

export function createPrograms(database: Database, store: Store): Programs {
  let read: { text: string; program: DeliveryProgram } | null = null;
  const count = (name: string): number => Number(store.setting(name) ?? 0);
  const position = (): number => count("delivery_position");
  return {
    current: () => {
      const text = store.setting("delivery_program");
      if (text === null) return null;
      if (read?.text !== text) read = { text, program: JSON.parse(text) as DeliveryProgram };
      return read.program;
    },
    position,
    next: () => {
      const next = position() + 1;
      store.putSetting("delivery_position", String(next));
      return next;
    },
    begin: (rules) => {
      const program = { id: count("delivery_programs") + 1, ...rules };
      store.putSetting("delivery_programs", String(program.id));
      store.putSetting("delivery_program", JSON.stringify(program));
      store.putSetting("delivery_position", "0");
      return program;
    },
    end: () => {
      database.run("delete from setting where name in ('delivery_program', 'delivery_faults')");
    },
  };
}
