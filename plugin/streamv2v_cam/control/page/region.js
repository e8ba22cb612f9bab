// Where the look is: everywhere or on a part of the picture, and what the rest shows.

import { choiceOf } from "/names.js";
import { say } from "/refusals.js";

/** Its controls, in the order in which they are asked. */
export const REGION = ["region", "outside", "outside_colour", "outside_look", "region_feather"];
const $ = (id) => document.getElementById(id);

export class Region {
  #rows = new Map();
  #looks = [];
  #values = {};

  /** The rows of the controls, newly drawn. */
  draw(controls) {
    this.#rows = new Map(REGION.filter((name) => controls.has(name)).map((name) => [name, controls.get(name)]));
    $("region-controls").replaceChildren(...[...this.#rows.values()].map(({ element }) => element));
    this.offer(this.#looks);
    this.show(this.#values);
  }

  /** The looks whose colours the rest may take. */
  offer(list) {
    this.#looks = list;
    this.#rows.get("outside_look")?.offer(list.map(({ name, title }) => [name, title]));
  }

  /** Only what has a say at present is shown. */
  show(values) {
    this.#values = { ...this.#values, ...values };
    const { region, outside } = this.#values;
    const part = region !== undefined && region !== "whole";
    const needed = { region: true, outside: part, outside_colour: part && outside === "colour", outside_look: part && outside === "palette", region_feather: part };
    for (const [name, { element }] of this.#rows) element.hidden = !needed[name];
    $("region-short").textContent = choiceOf("region", region ?? "whole");
  }

  /** Why the look is on the whole picture although a part was asked for. */
  tell(words) {
    if ($("region-told").textContent !== words) say("region-told", words);
  }
}
