// What stands on the page stays the same element for as long as it says the same: nothing is replaced under a finger,
// loses the focus, or forgets that it was pressed once.

/** The children of a place, one for each thing of a list that changes now and then. */
export class Steady {
  #place;
  #keyOf;
  #draw;
  #kept = new Map();

  /** `draw` makes the row of a thing, with its element as `item`; things of one key are the same thing. */
  constructor(place, keyOf, draw) {
    this.#place = place;
    this.#keyOf = keyOf;
    this.#draw = draw;
  }

  /** The rows as they were drawn, by key, in order. */
  get rows() { return new Map([...this.#kept].map(([key, { row }]) => [key, row])); }

  /** Show these things; only a thing that is new or says something else is drawn. */
  show(things) {
    const active = this.#place.contains(document.activeElement) ? document.activeElement : null;
    const old = this.#kept;
    this.#kept = new Map(things.map((thing) => {
      const [key, says] = [this.#keyOf(thing), JSON.stringify(thing)];
      const before = old.get(key);
      return [key, before?.says === says ? before : { says, row: this.#draw(thing, before?.row) }];
    }));
    const wanted = [...this.#kept.values()].map(({ row }) => row.item);
    for (const gone of [...this.#place.children].filter((child) => !wanted.includes(child))) gone.remove();
    wanted.forEach((item, index) => {
      if (this.#place.children[index] !== item) this.#place.insertBefore(item, this.#place.children[index] ?? null);
    });
    if (active && document.activeElement !== active) this.#focusAgain(active);
  }

  // A part of a row that was drawn anew is known by what it does.
  #focusAgain(active) {
    const same = active.isConnected ? active : active.dataset.act && this.#place.querySelector(`[data-act="${CSS.escape(active.dataset.act)}"]`);
    if (same) same.focus({ preventScroll: true });
  }
}

/** Fill a select with [value, words] and choose a value; where both are so already, nothing happens. */
export function fill(select, choices, chosen) {
  const stands = [...select.options].map(({ value, textContent }) => [value, textContent]);
  if (JSON.stringify(stands) !== JSON.stringify(choices)) select.replaceChildren(...choices.map(([value, words]) => new Option(words, value)));
  if (select.value !== chosen) select.value = chosen;
}
