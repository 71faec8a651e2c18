import type { Messages } from "../shape.ts";

export const invites: Messages["invites"] = {
  title: "Einladung",
  declining: {
    title: "Diese Einladung ablehnen?",
    text: "Der Link gilt danach nicht mehr. Um später beizutreten, müssten Sie erneut eingeladen werden.",
    action: "Ablehnen",
  },
};
