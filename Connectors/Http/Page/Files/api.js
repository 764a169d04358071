// Calls the service. All addresses are relative, so that the page works below any path.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let known = null;
let onUnauthorized = () => {};

export function whenUnauthorized(action) {
  onUnauthorized = action;
}

async function send(method, path, body, headers) {
  let response;
  try {
    response = await fetch(path, { method, body, headers, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new ApiError(0, "The service cannot be reached.");
  }
  if (response.ok || response.status === 304) return response;
  let message = `The service answered with status ${response.status}.`;
  try {
    const error = (await response.json()).error;
    const text = error?.message ?? error;
    if (typeof text === "string") message = `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
  } catch {
    // A proxy answered, not the service.
  }
  if (response.status === 401 && path !== "login") onUnauthorized();
  throw new ApiError(response.status, message);
}

export const path = text => encodeURIComponent(text);

export const api = {
  get: async address => (await send("GET", `api/v1/${address}`)).json(),
  send: async (method, address, document) => {
    const response = await send(method, `api/v1/${address}`, document === undefined ? undefined : JSON.stringify(document), document === undefined ? {} : { "Content-Type": "application/json" });
    const text = await response.text();
    return text ? JSON.parse(text) : {};
  },
  upload: async (address, file) => (await send("POST", `api/v1/${address}`, file)).json(),
  picture: (address, tag) => send("GET", `api/v1/${address}`, undefined, tag ? { "If-None-Match": tag } : {}),
  session: async () => (await send("GET", "api/v1/session")).json(),
  logIn: async token => (await send("POST", "login", JSON.stringify({ token }), { "Content-Type": "application/json" })).json(),
  logOut: async () => (await send("POST", "logout")).json(),
};

/** Reads which addresses this service has: a page shows no control for one that is missing. */
export async function loadFeatures() {
  known ??= (await api.get("openapi.json")).paths;
}

export function has(method, address) {
  return Boolean(known?.[`/api/v1/${address}`]?.[method.toLowerCase()]);
}

export const features = {
  get questions() { return has("GET", "cameras/{camera}/questions") && has("PUT", "cameras/{camera}/questions/{question}"); },
  get questionCheck() { return has("POST", "questions/check"); },
  get reset() { return has("POST", "cameras/{camera}/questions/{question}/reset"); },
  get snooze() { return has("PUT", "cameras/{camera}/questions/{question}/snooze"); },
  get modes() { return has("GET", "modes"); },
};
