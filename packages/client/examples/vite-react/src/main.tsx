import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { connect } from "./headroom.ts";

// Where your sign-in keeps the access token: ask its library instead.
const token = async () => sessionStorage.getItem("access_token") ?? "";
const { trpcClient, queryClient } = connect("http://localhost:3000", token);

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App trpcClient={trpcClient} queryClient={queryClient} />
    </StrictMode>,
  );
}
