// The prompt box: what a person is writing is theirs until they send it; what was sent is remembered.

import { Counting } from "/counting.js";
import { kept } from "/link.js";
import { say } from "/refusals.js";

const REMEMBERED = 20;
const STORED = "streamv2v-prompts";
const $ = (id) => document.getElementById(id);

function remembered() {
  try {
    const found = JSON.parse(kept.get(STORED) ?? "[]");
    return Array.isArray(found) ? found.filter((text) => typeof text === "string") : [];
  } catch { return []; }
}

export class Prompt {
  #send;
  #server = "";
  #editing = false;
  #counting;

  constructor(send, link) {
    this.#send = send;
    this.#counting = new Counting(link, $("prompt"));
    $("prompt").addEventListener("input", () => { this.#edit($("prompt").value !== this.#server); say("prompt-refusal", ""); });
    $("prompt").addEventListener("keydown", (event) => this.#key(event));
    $("prompt-form").addEventListener("submit", (event) => { event.preventDefault(); this.#apply($("prompt").value); });
    this.#opens($("history-open"), $("history"), () => this.#list());
  }

  /** The prompt the server has. */
  show(text) {
    this.#server = text ?? "";
    if (!this.#editing) $("prompt").value = this.#server;
    else if ($("prompt").value === this.#server) this.#edit(false);
    this.#counting.look();
  }

  /** Add words to what stands there; a person sends it. */
  add(words) {
    const before = $("prompt").value.trim();
    $("prompt").value = before ? `${before}, ${words}` : words;
    this.#edit($("prompt").value !== this.#server);
    this.#counting.look();
    $("prompt").focus();
  }

  /** LoRAs were put on or taken off, which a prompt may name. */
  recount() { this.#counting.again(); }

  /** Whether what stands there is the person's and not sent: marked, so that nobody takes it for what is on air. */
  #edit(editing) {
    this.#editing = editing;
    $("prompt-form").classList.toggle("unsent", editing);
    const hint = editing ? "Not sent yet. Enter sends, Esc undoes" : "Enter sends";
    if ($("prompt-hint").textContent !== hint) $("prompt-hint").textContent = hint;
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      $("prompt-form").requestSubmit();
    } else if (event.key === "Escape") {
      this.#edit(false);
      $("prompt").value = this.#server;
      this.#counting.look();
      say("prompt-refusal", "");
    }
  }

  async #apply(text) {
    $("prompt").value = text;
    this.#counting.look();
    this.#edit(text !== this.#server);
    const answer = await this.#send({ controls: { prompt: text } }, "prompt-refusal");
    if (!answer.ok) return;
    const words = text.split(/\s+/).filter(Boolean).join(" ");
    // while the answer was on its way the person may have begun to write something else
    if ($("prompt").value === text) this.#edit(false);
    this.show(words);
    kept.set(STORED, JSON.stringify([words, ...remembered().filter((old) => old !== words)].slice(0, REMEMBERED)));
    if (!$("history").hidden) this.#list();
  }

  #opens(button, panel, fill) {
    button.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
      if (!panel.hidden) fill();
    });
  }

  #list() {
    const rows = remembered().map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => this.#apply(text));
      const row = document.createElement("li");
      row.append(button);
      return row;
    });
    if (!rows.length) {
      rows.push(document.createElement("li"));
      rows[0].textContent = "Prompts you send stand here.";
    }
    $("history").replaceChildren(...rows);
  }
}
