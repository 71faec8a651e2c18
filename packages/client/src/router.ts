// The build replaces this file's declaration by the router's type written out, so that nothing of the server is needed.
export type { AppRouter } from "@headroom/api/router";
