// Asks for a token. The service turns it into a cookie that scripts cannot read; the page keeps nothing.

import { api } from "./api.js";
import { field, h } from "./dom.js";

export function loginView(main, done) {
  const heading = h("h1", { tabIndex: -1 }, "Log in");
  const user = h("input", { type: "text", name: "username", autocomplete: "username", value: "mobilevlm", hidden: true, tabIndex: -1, "aria-hidden": "true" });
  const token = h("input", { type: "password", name: "token", required: true, autocomplete: "current-password" });
  const message = h("div", { "aria-live": "assertive" });
  const button = h("button.primary", { type: "submit" }, "Log in");
  main.replaceChildren(h("form.card.narrow.login", {
    async onsubmit(event) {
      event.preventDefault();
      button.disabled = true;
      message.replaceChildren();
      try {
        await api.logIn(token.value.trim());
        token.value = "";
        done();
      } catch (error) {
        message.replaceChildren(h("p.error", { role: "alert" }, error.message));
        token.focus();
      } finally {
        button.disabled = false;
      }
    },
  }, heading, h("p", null, "This device asks for a token."), user,
  field("Token", token, "The second word of a line in the token file of the service (Http:TokenFile)."), message, h("div.actions", null, button)));
  return { title: "Log in", focus: token, stop: () => {} };
}
