import { defineConfig } from "@headroom/service/configuration";
import featured from "./featured.config.ts";

export default defineConfig({ ...featured, billing: { live: false } });
