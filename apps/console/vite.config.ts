import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.HEADROOM_API ?? "http://127.0.0.1:4000";

/** `npm run dev -w @headroom/console` shows changes at once; what it calls is the api of a running stack. */
export default defineConfig({
  plugins: [react()],
  build: { target: "es2023", sourcemap: false },
  server: { proxy: { "/trpc": api, "/console.json": api, "/v1": api, "/docs": api } },
});
