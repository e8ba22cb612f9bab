// Keeping what is on air as a look: its name, its key, and the question when the name is taken.

import { fillKeys } from "/arrange.js";
import { say, wordsOf } from "/refusals.js";

const $ = (id) => document.getElementById(id);

export class Saving {
  #link;
  #looks;

  constructor(link, looks) {
    this.#link = link;
    this.#looks = looks;
    $("save-open").addEventListener("click", () => this.#open($("save-form").hidden));
    $("save-cancel").addEventListener("click", () => { this.#open(false); $("save-open").focus(); });
    $("save-title").addEventListener("input", () => this.#ask(false));
    $("save-form").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    $("save-form").addEventListener("keydown", (event) => { if (event.key === "Escape") $("save-cancel").click(); });
  }

  #open(open) {
    $("save-form").hidden = !open;
    $("save-open").setAttribute("aria-expanded", String(open));
    this.#ask(false);
    if (!open) return;
    fillKeys($("save-key"), this.#looks.list, Infinity, "none, the next free number");
    $("save-title").focus();
    $("save-form").scrollIntoView({ block: "nearest" });
  }

  /** Whether the next press replaces the look of that name. */
  #ask(on) {
    $("save-go").textContent = on ? "Replace it" : "Save";
    $("save-go").dataset.replace = on ? "yes" : "";
    say("save-refusal", "");
  }

  async #save() {
    const body = { title: $("save-title").value, replace: $("save-go").dataset.replace === "yes" };
    const answer = await this.#link.fetch("/api/looks", { method: "POST", body }).catch(() => null);
    if (answer?.status === 409) {
      const told = await answer.json();
      this.#ask(told.field === "title");
      return say("save-refusal", told.field === "title" ? `${told.error} Press again to replace it, or choose another name.` : told.error);
    }
    if (!answer?.ok) return say("save-refusal", await wordsOf(answer));
    const { look } = await answer.json();
    const key = Number($("save-key").value);
    const keyed = key ? await this.#link.fetch(`/api/looks/${look}`, { method: "PATCH", body: { number: key } }).catch(() => null) : answer;
    if (!keyed?.ok) return say("save-refusal", `Saved, but without its key: ${await wordsOf(keyed)}`);
    $("save-title").value = "";
    this.#open(false);
    $("save-open").focus();
  }
}
