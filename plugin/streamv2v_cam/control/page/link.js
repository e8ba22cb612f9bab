// The way to the program: its token, its WebSocket that comes back by itself, and single requests.

const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 3000;
const SILENCE_MS = 5000;
// Not the same in every window: the first one without an answer gives way, and the others have theirs then.
const ANSWER_MS = 10_000 + Math.random() * 4000;
const TOKEN_REFUSED = 4401;
const STORED = "streamv2v-token";

const memory = {};
export const kept = {
  // Where the browser forbids storage, things last as long as the page.
  get(name) { try { return localStorage.getItem(name); } catch { return memory[name] ?? null; } },
  set(name, value) { memory[name] = value; try { localStorage.setItem(name, value); } catch { /* memory holds it */ } },
};

/** A token from an address or as it is; "" for anything else. */
export function tokenIn(text) {
  return /(?:^|[#&]token=)([A-Za-z0-9_-]{43})(?=$|&)/.exec(text.trim())?.[1] ?? "";
}

export class Link extends EventTarget {
  // Events: "state", "change", "status" (detail: the message), "open", "gone", "keyless" (detail: why), "crowded":
  // a request got no answer although the program is there.
  #socket = null;
  #token = "";
  #waiting = new Map();
  #number = 0;
  #retryMs = FIRST_RETRY_MS;
  #heardAt = 0;
  #timer = 0;

  async start() {
    const behind = location.hash;
    const ticket = /[#&]ticket=([A-Za-z0-9_-]+)/.exec(behind)?.[1];
    this.#token = tokenIn(behind) || (kept.get(STORED) ?? "");
    if (/token=|ticket=/.test(behind)) history.replaceState(null, "", location.pathname);
    if (ticket) this.#token = (await this.#exchanged(ticket)) || this.#token;
    this.use(this.#token, "");
    setInterval(() => {
      if (this.#heardAt && Date.now() - this.#heardAt > SILENCE_MS) this.#socket?.close();
    }, 1000);
  }

  /** Go on with this token. */
  use(token, reason = "That is no token: it has 43 letters, digits, - and _.") {
    this.#token = token;
    if (!token) return this.#tell("keyless", reason);
    kept.set(STORED, token);
    this.#connect();
  }

  /** Send a change over the WebSocket; resolves to its answer. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN || !this.#heardAt) {
      return Promise.resolve({ ok: false, error: "The change did not arrive: the program does not answer." });
    }
    const id = ++this.#number;
    this.#socket.send(JSON.stringify({ id, ...message }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** A request with the token; the answer as it is. Fails where none comes in time. */
  async fetch(path, { method = "GET", body } = {}) {
    const headers = { Authorization: `Bearer ${this.#token}` };
    const file = body instanceof Blob;
    if (body !== undefined) headers["Content-Type"] = file ? body.type || "image/unknown" : "application/json";
    const waiting = new AbortController();
    const timer = setTimeout(() => {
      waiting.abort();
      if (this.#heardAt && Date.now() - this.#heardAt < SILENCE_MS) this.#tell("crowded");
    }, ANSWER_MS);
    try {
      return await fetch(path, { method, headers, signal: waiting.signal, body: file || body === undefined ? body : JSON.stringify(body) });
    } finally { clearTimeout(timer); }
  }

  /** A request whose answer, an object, is needed. Fails where it is refused. */
  async read(path) {
    const answer = await this.fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  async #exchanged(ticket) {
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch("/api/ticket", { method: "POST", headers, body: JSON.stringify({ ticket }) });
      return answer.ok ? (await answer.json()).token : "";
    } catch { return ""; }
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#socket?.close();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/events`);
    this.#socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify({ token: this.#token })));
    socket.addEventListener("message", (event) => this.#take(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => { if (socket === this.#socket) this.#closed(event.code); });
  }

  #take(message) {
    if (!this.#heardAt) {
      this.#retryMs = FIRST_RETRY_MS;
      this.#heardAt = Date.now();
      this.#tell("open");
    }
    this.#heardAt = Date.now();
    if (message.type === "answer") {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    } else {
      this.#tell(message.type, message);
    }
  }

  #closed(code) {
    this.#heardAt = 0;
    for (const resolve of this.#waiting.values()) resolve({ ok: false, error: "The program went away before it answered." });
    this.#waiting.clear();
    if (code === TOKEN_REFUSED) return this.#tell("keyless", "The key this page had is not valid (any more).");
    this.#tell("gone");
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 1.6, LONGEST_RETRY_MS);
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
