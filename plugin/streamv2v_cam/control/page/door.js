// The way out of privacy: a button of its own, which a second press in a hurry cannot hit.

const HURRY_MS = 1000;

export class Door {
  #button;
  #timer = 0;

  constructor(button, leave) {
    this.#button = button;
    button.addEventListener("click", leave);
  }

  /** Whether the picture is covered; the way out opens a moment after it was. */
  show(covered) {
    if (this.#button.hidden === !covered) return;
    this.#button.hidden = !covered;
    clearTimeout(this.#timer);
    this.#button.disabled = covered;
    if (covered) this.#timer = setTimeout(() => { this.#button.disabled = false; }, HURRY_MS);
  }
}
