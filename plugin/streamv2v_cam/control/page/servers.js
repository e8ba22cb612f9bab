// Engines on other machines: nobody is looked for until somebody opens the list, and names come from strangers.

import { commandLine } from "/command.js";
import { element } from "/elements.js";
import { say, wordsOf } from "/refusals.js";

const $ = (id) => document.getElementById(id);
const STATES = { "in use": "In use", paired: "Ready", away: "Not found", new: "New" };
const NONE = "None is paired with this machine, and none announces itself in this network. On the machine with the graphics card, in its folder of this program: streamv2v-cam serve";

export class Servers {
  #link;

  constructor(link) {
    this.#link = link;
    $("servers").addEventListener("toggle", () => { if ($("servers").open) this.#look(); });
    $("servers-again").addEventListener("click", () => this.#look());
  }

  async #look() {
    $("servers-again").disabled = true;
    $("servers-told").textContent = "Looking in the network …";
    const answer = await this.#link.fetch("/api/engine/servers").catch(() => null);
    const found = answer?.ok ? await answer.json().catch(() => null) : null;
    $("servers-again").disabled = false;
    say("servers-refusal", found ? "" : await wordsOf(answer?.ok ? null : answer));
    $("servers-told").textContent = found && !found.length ? NONE : "";
    if (found) this.#show(found);
  }

  #show(found) {
    $("servers-list").replaceChildren(...found.map((server) => this.#item(server)));
    const used = found.find(({ state }) => state === "in use");
    $("servers-short").textContent = used ? `${used.name} draws` : found.length ? `${found.length} seen` : "none seen";
  }

  #item({ name, state, told, command }) {
    const item = element("li", "card");
    item.dataset.kind = state;
    item.append(element("p", "kind", STATES[state] ?? state), element("p", "finding", name), element("p", "", told));
    if (command) item.append(commandLine(command));
    return item;
  }
}
